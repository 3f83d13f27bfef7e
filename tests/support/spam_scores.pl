# Scores mails by SpamAssassin's local rules, all in one process: paths on stdin, on stdout a line each: path, score, rules that hit.
use strict;
use warnings;
use Mail::SpamAssassin;

my ($state) = @ARGV;
my $judge = Mail::SpamAssassin->new({
    local_tests_only   => 1,
    dont_copy_prefs    => 1,
    userprefs_filename => '/dev/null',
    userstate_dir      => $state,
    home_dir_for_helpers => $state,
    post_config_text   => "use_bayes 0\nuse_auto_whitelist 0\nuse_txrep 0\nskip_rbl_checks 1\n",
});
$judge->compile_now(0);
while (my $path = <STDIN>) {
    chomp $path;
    open(my $file, '<:raw', $path) or die "$path: $!";
    my $text = do { local $/; <$file> };
    close $file;
    my $mail = $judge->parse($text);
    my $status = $judge->check($mail);
    my $hits = $status->get_names_of_tests_hit_with_scores;
    printf "%s\t%.1f\t%s\n", $path, $status->get_score, $hits;
    $status->finish;
    $mail->finish;
}
