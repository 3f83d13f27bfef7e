/* <vigil-inbox>: a user's notices in the exchange's own app. One file, no dependencies, no innerHTML; works under a strict CSP.

   <script type="module" src="vigil-inbox.js"></script>
   <vigil-inbox src="/my/notices" lang="de"></vigil-inbox>

   `src`: a path of the exchange's own backend, which forwards to Vigil's inbox API and adds the bearer token (docs/inbox.md): the token never
   reaches a browser. `lang`: one of WORDS, default that of the page. `theme`: light or dark, default what the reader's system has.
   `time-zone`: an IANA name, default the device's. `page-size`: items at once, 20.
   `headers`: a property with further request headers (a CSRF token), or a function that gives them.
   Events: `vigil-unread` {unread}, `vigil-answer` {notice_id, answer, case}. Colours and shapes: custom properties --vigil-*, and ::part(). */

/* Written by scripts/inbox_words.py from the catalogues of the notices. */
const WORDS = {
  "ar": {"dir": "rtl", "title": "الإشعارات", "unread": "غير مقروء", "read": "وضع علامة مقروء", "readAll": "تمييز الكل كمقروء", "archive": "أرشفة", "archived": "المؤرشفة", "all": "الكل", "show": "عرض", "info": "للعلم", "notice": "يُرجى الاطلاع", "warning": "يُرجى الإجابة", "critical": "يُرجى التصرّف الآن", "me": "كنت أنا", "not_me": "لم أكن أنا", "sure": "نجمّد الحساب فورًا ونُنهي الجلسات على كل الأجهزة.", "cancel": "إلغاء", "answered": "إجابتك: ⁨{answer}⁩", "case": "رقم حالتك هو ⁨{number}⁩. اذكره عند التواصل معنا.", "helpful": "هل كانت هذه الرسالة مفيدة؟", "yes": "نعم", "no": "لا", "more": "عرض المزيد", "empty": "لا شيء هنا. ما يحدث في حسابك تجده هنا.", "fresh": "إشعار جديد: ⁨{subject}⁩", "failed": "لم ينجح ذلك. حاول مرة أخرى.", "away": "لا يوجد اتصال. تجري إعادة المحاولة.", "code": "رمز التحقق", "check": "هل هذه الرسالة منّا؟"},
  "de": {"dir": "ltr", "title": "Hinweise", "unread": "Ungelesen", "read": "Als gelesen markieren", "readAll": "Alle als gelesen markieren", "archive": "Archivieren", "archived": "Archiviert", "all": "Alle", "show": "Anzeigen", "info": "Zu Ihrer Information", "notice": "Bitte prüfen", "warning": "Bitte antworten", "critical": "Bitte jetzt handeln", "me": "Das war ich", "not_me": "Das war ich nicht", "sure": "Wir sperren sofort das Konto und melden alle Geräte ab.", "cancel": "Abbrechen", "answered": "Ihre Antwort: {answer}", "case": "Ihre Fallnummer lautet {number}. Halten Sie sie bereit, wenn Sie mit uns sprechen.", "helpful": "War diese Nachricht hilfreich?", "yes": "Ja", "no": "Nein", "more": "Mehr anzeigen", "empty": "Hier ist nichts. Was auf Ihrem Konto geschieht, erfahren Sie hier.", "fresh": "Neuer Hinweis: {subject}", "failed": "Das hat nicht funktioniert. Bitte versuchen Sie es noch einmal.", "away": "Keine Verbindung. Neuer Versuch läuft.", "code": "Prüfcode", "check": "Ist diese Nachricht von uns?"},
  "en": {"dir": "ltr", "title": "Notices", "unread": "Unread", "read": "Mark as read", "readAll": "Mark all as read", "archive": "Archive", "archived": "Archived", "all": "All", "show": "Show", "info": "For your information", "notice": "Please check", "warning": "Please answer", "critical": "Please act now", "me": "It was me", "not_me": "It was not me", "sure": "We lock the account and sign out every device at once.", "cancel": "Cancel", "answered": "You answered: {answer}", "case": "Your case number is {number}. Have it at hand when you talk to us.", "helpful": "Was this message helpful?", "yes": "Yes", "no": "No", "more": "Show more", "empty": "Nothing here. What happens on your account is told here.", "fresh": "New notice: {subject}", "failed": "This did not work. Please try again.", "away": "No connection. Trying again.", "code": "Check code", "check": "Is this message from us?"},
  "es": {"dir": "ltr", "title": "Avisos", "unread": "Sin leer", "read": "Marcar como leído", "readAll": "Marcar todo como leído", "archive": "Archivar", "archived": "Archivados", "all": "Todos", "show": "Mostrar", "info": "Para su información", "notice": "Por favor, revíselo", "warning": "Por favor, responda", "critical": "Por favor, actúe ahora", "me": "Fui yo", "not_me": "No fui yo", "sure": "Bloqueamos la cuenta y cerramos la sesión en todos los dispositivos de inmediato.", "cancel": "Cancelar", "answered": "Su respuesta: {answer}", "case": "Su número de caso es {number}. Téngalo a mano cuando hable con nosotros.", "helpful": "¿Le resultó útil este mensaje?", "yes": "Sí", "no": "No", "more": "Mostrar más", "empty": "No hay nada aquí. Lo que ocurra en su cuenta se le contará aquí.", "fresh": "Nuevo aviso: {subject}", "failed": "No se pudo completar. Inténtelo de nuevo.", "away": "Sin conexión. Reintentando.", "code": "Código de comprobación", "check": "¿Es nuestro este mensaje?"},
  "fr": {"dir": "ltr", "title": "Avis", "unread": "Non lu", "read": "Marquer comme lu", "readAll": "Tout marquer comme lu", "archive": "Archiver", "archived": "Archivés", "all": "Tous", "show": "Afficher", "info": "Pour votre information", "notice": "À vérifier", "warning": "Merci de répondre", "critical": "Merci d'agir maintenant", "me": "C'était moi", "not_me": "Ce n'était pas moi", "sure": "Nous bloquons aussitôt le compte et déconnectons tous les appareils.", "cancel": "Annuler", "answered": "Votre réponse : {answer}", "case": "Votre numéro de dossier est {number}. Gardez-le sous la main quand vous nous contactez.", "helpful": "Ce message vous a-t-il été utile ?", "yes": "Oui", "no": "Non", "more": "Afficher plus", "empty": "Rien ici. Ce qui se passe sur votre compte vous est dit ici.", "fresh": "Nouvel avis : {subject}", "failed": "Cela n'a pas fonctionné. Veuillez réessayer.", "away": "Pas de connexion. Nouvel essai en cours.", "code": "Code de contrôle", "check": "Ce message vient-il de nous ?"},
  "ja": {"dir": "ltr", "title": "お知らせ", "unread": "未読", "read": "既読にする", "readAll": "すべて既読にする", "archive": "アーカイブ", "archived": "アーカイブ済み", "all": "すべて", "show": "表示", "info": "ご参考", "notice": "ご確認ください", "warning": "ご回答ください", "critical": "すぐにご対応ください", "me": "自分です", "not_me": "自分ではありません", "sure": "ただちに口座をロックし、すべての端末をログアウトします。", "cancel": "キャンセル", "answered": "回答：{answer}", "case": "お問い合わせ番号は {number} です。ご連絡の際にお伝えください。", "helpful": "このメッセージは役に立ちましたか？", "yes": "はい", "no": "いいえ", "more": "さらに表示", "empty": "お知らせはありません。口座で何かあったときは、ここに表示されます。", "fresh": "新しいお知らせ：{subject}", "failed": "処理できませんでした。もう一度お試しください。", "away": "接続できません。再接続しています。", "code": "確認コード", "check": "このメッセージは当社からのものですか？"},
  "ko": {"dir": "ltr", "title": "알림", "unread": "읽지 않음", "read": "읽음으로 표시", "readAll": "모두 읽음으로 표시", "archive": "보관", "archived": "보관됨", "all": "전체", "show": "표시", "info": "참고하세요", "notice": "확인해 주세요", "warning": "답변해 주세요", "critical": "지금 바로 조치해 주세요", "me": "본인입니다", "not_me": "본인이 아닙니다", "sure": "즉시 계정을 잠그고 모든 기기에서 로그아웃합니다.", "cancel": "취소", "answered": "답변: {answer}", "case": "접수 번호는 {number}입니다. 문의하실 때 알려 주십시오.", "helpful": "이 메시지가 도움이 되었습니까?", "yes": "예", "no": "아니요", "more": "더 보기", "empty": "알림이 없습니다. 계정에서 일어난 일은 여기에 표시됩니다.", "fresh": "새 알림: {subject}", "failed": "처리하지 못했습니다. 다시 시도해 주십시오.", "away": "연결되지 않았습니다. 다시 시도하고 있습니다.", "code": "확인 코드", "check": "저희가 보낸 메시지인가요?"},
  "pt-BR": {"dir": "ltr", "title": "Avisos", "unread": "Não lido", "read": "Marcar como lido", "readAll": "Marcar tudo como lido", "archive": "Arquivar", "archived": "Arquivados", "all": "Todos", "show": "Mostrar", "info": "Para sua informação", "notice": "Por favor, confira", "warning": "Por favor, responda", "critical": "Por favor, aja agora", "me": "Fui eu", "not_me": "Não fui eu", "sure": "Bloqueamos a conta e desconectamos todos os dispositivos na hora.", "cancel": "Cancelar", "answered": "Sua resposta: {answer}", "case": "O número do seu caso é {number}. Tenha-o em mãos ao falar conosco.", "helpful": "Esta mensagem foi útil?", "yes": "Sim", "no": "Não", "more": "Mostrar mais", "empty": "Nada aqui. O que acontecer na sua conta será contado aqui.", "fresh": "Novo aviso: {subject}", "failed": "Não deu certo. Tente de novo.", "away": "Sem conexão. Tentando de novo.", "code": "Código de verificação", "check": "Esta mensagem é nossa?"},
  "ru": {"dir": "ltr", "title": "Уведомления", "unread": "Не прочитано", "read": "Отметить прочитанным", "readAll": "Отметить все как прочитанные", "archive": "В архив", "archived": "В архиве", "all": "Все", "show": "Показать", "info": "К вашему сведению", "notice": "Проверьте, пожалуйста", "warning": "Ответьте, пожалуйста", "critical": "Действуйте сейчас", "me": "Это был я", "not_me": "Это был не я", "sure": "Мы сразу заблокируем аккаунт и завершим сеансы на всех устройствах.", "cancel": "Отмена", "answered": "Ваш ответ: {answer}", "case": "Номер вашего обращения: {number}. Назовите его, когда будете связываться с нами.", "helpful": "Было ли это сообщение полезным?", "yes": "Да", "no": "Нет", "more": "Показать ещё", "empty": "Здесь пока ничего нет. Всё, что происходит с вашим аккаунтом, появится здесь.", "fresh": "Новое уведомление: {subject}", "failed": "Не получилось. Попробуйте ещё раз.", "away": "Нет соединения. Пробуем снова.", "code": "Проверочный код", "check": "Это сообщение от нас?"},
  "tr": {"dir": "ltr", "title": "Bildirimler", "unread": "Okunmadı", "read": "Okundu olarak işaretle", "readAll": "Tümünü okundu olarak işaretle", "archive": "Arşivle", "archived": "Arşivlenenler", "all": "Tümü", "show": "Göster", "info": "Bilginize", "notice": "Lütfen kontrol edin", "warning": "Lütfen yanıtlayın", "critical": "Lütfen şimdi harekete geçin", "me": "Bendim", "not_me": "Ben değildim", "sure": "Hesabı hemen kilitler ve tüm cihazlarda oturumu kapatırız.", "cancel": "Vazgeç", "answered": "Yanıtınız: {answer}", "case": "Vaka numaranız: {number}. Bizimle görüşürken bu numarayı yanınızda bulundurun.", "helpful": "Bu mesaj yararlı oldu mu?", "yes": "Evet", "no": "Hayır", "more": "Daha fazla göster", "empty": "Burada bir şey yok. Hesabınızda olanlar burada bildirilir.", "fresh": "Yeni bildirim: {subject}", "failed": "İşlem tamamlanamadı. Lütfen yeniden deneyin.", "away": "Bağlantı yok. Yeniden deneniyor.", "code": "Kontrol kodu", "check": "Bu mesaj bizden mi?"},
  "vi": {"dir": "ltr", "title": "Thông báo", "unread": "Chưa đọc", "read": "Đánh dấu đã đọc", "readAll": "Đánh dấu tất cả là đã đọc", "archive": "Lưu trữ", "archived": "Đã lưu trữ", "all": "Tất cả", "show": "Hiển thị", "info": "Để bạn biết", "notice": "Vui lòng kiểm tra", "warning": "Vui lòng trả lời", "critical": "Vui lòng xử lý ngay", "me": "Là tôi", "not_me": "Không phải tôi", "sure": "Chúng tôi khóa tài khoản và đăng xuất mọi thiết bị ngay lập tức.", "cancel": "Hủy", "answered": "Bạn đã trả lời: {answer}", "case": "Mã hồ sơ của bạn là {number}. Hãy cung cấp mã này khi liên hệ với chúng tôi.", "helpful": "Tin nhắn này có hữu ích không?", "yes": "Có", "no": "Không", "more": "Xem thêm", "empty": "Chưa có gì ở đây. Những gì xảy ra với tài khoản của bạn sẽ được báo ở đây.", "fresh": "Thông báo mới: {subject}", "failed": "Không thực hiện được. Vui lòng thử lại.", "away": "Mất kết nối. Đang thử lại.", "code": "Mã kiểm tra", "check": "Tin nhắn này có phải của chúng tôi không?"},
  "zh-CN": {"dir": "ltr", "title": "通知", "unread": "未读", "read": "标为已读", "readAll": "全部标为已读", "archive": "归档", "archived": "已归档", "all": "全部", "show": "显示", "info": "供您了解", "notice": "请留意", "warning": "请回答", "critical": "请立即处理", "me": "是我本人", "not_me": "不是我", "sure": "我们会立即冻结账户，并让所有设备退出登录。", "cancel": "取消", "answered": "您的回答：{answer}", "case": "您的工单编号是 {number}。与我们联系时请提供此编号。", "helpful": "这条消息对您有帮助吗？", "yes": "是", "no": "否", "more": "显示更多", "empty": "这里还没有内容。您账户上发生的事会显示在这里。", "fresh": "新通知：{subject}", "failed": "操作未成功，请重试。", "away": "连接中断，正在重试。", "code": "校验码", "check": "这条消息是我们发的吗？"},
  "zh-TW": {"dir": "ltr", "title": "通知", "unread": "未讀", "read": "標示為已讀", "readAll": "全部標為已讀", "archive": "封存", "archived": "已封存", "all": "全部", "show": "顯示", "info": "供您參考", "notice": "請留意", "warning": "請回答", "critical": "請立即處理", "me": "是我本人", "not_me": "不是我", "sure": "我們會立即凍結帳戶，並讓所有裝置登出。", "cancel": "取消", "answered": "您的回答：{answer}", "case": "您的案件編號是 {number}。與我們聯絡時請提供此編號。", "helpful": "這則訊息對您有幫助嗎？", "yes": "是", "no": "否", "more": "顯示更多", "empty": "這裡還沒有內容。您帳戶上發生的事會顯示在這裡。", "fresh": "新通知：{subject}", "failed": "操作未成功，請再試一次。", "away": "連線中斷，正在重試。", "code": "查核碼", "check": "這則訊息是我們發的嗎？"},
};
/* Words end here. */

const STYLE = `
:host { display: block; padding: var(--vigil-padding, var(--_gap)); border-radius: var(--_radius); color-scheme: light dark;
  --_ink: var(--vigil-ink, #132023); --_soft: var(--vigil-soft, #45565b); --_surface: var(--vigil-surface, #ffffff);
  --_line: var(--vigil-line, #c3cdcf); --_accent: var(--vigil-accent, #0a5a70); --_fresh: var(--vigil-fresh, #eef5f7);
  --_critical: var(--vigil-critical, #a3161c); --_warning: var(--vigil-warning, #7a4a00); --_radius: var(--vigil-radius, 8px);
  --_gap: var(--vigil-gap, 1rem); font: var(--vigil-font, 1rem/1.5 system-ui, sans-serif); color: var(--_ink); background: var(--_surface); }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) {
  --_ink: var(--vigil-ink, #e3ecee); --_soft: var(--vigil-soft, #b4c3c8); --_surface: var(--vigil-surface, #131d21);
  --_line: var(--vigil-line, #43545a); --_accent: var(--vigil-accent, #6fc6de); --_fresh: var(--vigil-fresh, #1b282e);
  --_critical: var(--vigil-critical, #ff9a95); --_warning: var(--vigil-warning, #f0bd6b); } }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark;
  --_ink: var(--vigil-ink, #e3ecee); --_soft: var(--vigil-soft, #b4c3c8); --_surface: var(--vigil-surface, #131d21);
  --_line: var(--vigil-line, #43545a); --_accent: var(--vigil-accent, #6fc6de); --_fresh: var(--vigil-fresh, #1b282e);
  --_critical: var(--vigil-critical, #ff9a95); --_warning: var(--vigil-warning, #f0bd6b); }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
header, .row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
header { padding: 0 0 var(--_gap); } h2, h3, p { margin: 0; } h2 { font-size: 1.25rem; margin-inline-end: auto; } h3 { font-size: 1rem; }
ul { list-style: none; margin: 0; padding: 0; } li + li { margin-block-start: var(--_gap); }
article { display: grid; gap: .5rem; padding: var(--_gap); border: 1px solid var(--_line); border-inline-start-width: 4px;
  border-radius: var(--_radius); overflow-wrap: anywhere; }
article.unread { background: var(--_fresh); border-inline-start-color: var(--_accent); }
article[data-severity="critical"] { border-inline-start-color: var(--_critical); }
article[data-severity="warning"] { border-inline-start-color: var(--_warning); }
.soft { color: var(--_soft); font-size: .875rem; } .severity { font-weight: 650; }
[data-severity="critical"] .severity { color: var(--_critical); } [data-severity="warning"] .severity { color: var(--_warning); }
.code { font-family: ui-monospace, monospace; direction: ltr; unicode-bidi: isolate; }
button, select { min-block-size: 2.75rem; padding: .4rem .9rem; border: 1px solid var(--_line); border-radius: var(--_radius);
  background: var(--_surface); color: var(--_ink); font: inherit; cursor: pointer; }
button.strong { border-color: var(--_accent); color: var(--_accent); font-weight: 600; }
button.danger { border-color: var(--_critical); color: var(--_critical); font-weight: 600; }
button[aria-pressed="true"] { border-color: var(--_accent); border-width: 2px; } button:disabled { opacity: .6; cursor: default; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.alert { padding: .5rem .75rem; border: 1px solid var(--_warning); border-radius: var(--_radius); color: var(--_warning); } .alert:empty { display: none; }
.sr { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.more { margin-block-start: var(--_gap); } [hidden] { display: none !important; }
@media (forced-colors: active) { article.unread { border-inline-start-color: Highlight; } }
`;
const SEVERITIES = ["critical", "warning", "notice", "info"];
const QUIET_SECONDS = 40; // The server says something every 15 seconds.
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

function made(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (key in node && key !== "part" && key !== "dir" && key !== "lang") node[key] = value;
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/* The language of WORDS that is nearest: `zh-HK` reads zh-TW, `pt` reads pt-BR, what is unknown English. */
export function nearest(wanted) {
  const tag = String(wanted || "en"), lower = tag.toLowerCase();
  const exact = Object.keys(WORDS).find((name) => name.toLowerCase() === lower);
  if (exact) return exact;
  const [language, ...rest] = lower.split("-");
  if (language === "zh") return rest.some((part) => ["hant", "tw", "hk", "mo"].includes(part)) ? "zh-TW" : "zh-CN";
  return Object.keys(WORDS).find((name) => name.toLowerCase().split("-")[0] === language) || "en";
}

export class VigilInbox extends HTMLElement {
  static observedAttributes = ["src", "lang"];
  headers = {};
  #root = this.attachShadow({ mode: "open" });
  #items = new Map();
  #next = null;
  #unread = 0;
  #filter = "all";
  #stop = null;
  #asking = null;
  #loads = 0;
  #since = null;

  connectedCallback() {
    this.#root.adoptedStyleSheets = [sheet];
    this.#frame();
    this.#begin();
  }

  disconnectedCallback() { this.#stop?.abort(); }

  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || before === after) return;
    if (name === "lang") { this.#frame(); this.#show(); } else this.#begin();
  }

  /* The number of unread notices in the whole inbox. */
  get unread() { return this.#unread; }

  /* Reads everything again. */
  async refresh() { await this.#load(false); }

  get #language() { return nearest(this.getAttribute("lang") || this.closest("[lang]")?.lang || document.documentElement.lang || navigator.language); }

  #say(name, values = {}) {
    return (WORDS[this.#language][name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  #find(name) { return this.#root.querySelector(`[data-is="${name}"]`); }

  #frame() {
    const say = (name) => this.#say(name);
    const choices = ["all", "unread", ...SEVERITIES, "archived"];
    const select = made("select", { id: "filter", part: "filter", on: { change: (event) => { this.#filter = event.target.value; this.#load(false); } } },
      ...choices.map((name) => made("option", { value: name, selected: name === this.#filter }, say(name))));
    this.#root.replaceChildren(made("section", { lang: this.#language, dir: say("dir"), "aria-labelledby": "title", part: "inbox" },
      made("header", { part: "header" },
        made("h2", { id: "title", part: "title" }, say("title"), " ", made("span", { "data-is": "count", part: "count", className: "soft" })),
        made("div", { className: "row" }, made("label", { htmlFor: "filter", className: "soft" }, say("show")), select),
        made("button", { type: "button", part: "button", "data-is": "readAll", on: { click: () => this.#readAll() } }, say("readAll"))),
      made("p", { role: "status", className: "sr", "data-is": "live" }),
      made("p", { role: "alert", className: "alert", part: "alert", "data-is": "alert" }),
      made("ul", { part: "list", "data-is": "list", on: { keydown: (event) => this.#key(event) } }),
      made("p", { part: "empty", className: "soft", "data-is": "empty", hidden: true }, say("empty")),
      made("button", { type: "button", part: "button more", className: "more", "data-is": "more", hidden: true, on: { click: () => this.#load(true) } }, say("more"))));
  }

  #url(path = "", query = {}) {
    const url = new URL(this.getAttribute("src") || "", document.baseURI);
    url.pathname = url.pathname.replace(/\/$/, "") + path;
    for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
    return url;
  }

  async #fetch(url, options = {}) {
    const own = typeof this.headers === "function" ? await this.headers() : this.headers;
    return fetch(url, { credentials: "same-origin", cache: "no-store", ...options, headers: { ...own, ...options.headers } });
  }

  async #post(path, body) {
    const answer = await this.#fetch(this.#url(path), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  #begin() {
    this.#stop?.abort();
    this.#items.clear();
    if (!this.getAttribute("src")) return;
    this.#stop = new AbortController();
    this.#follow(this.#stop.signal);
  }

  /* Listens for good: after a break it reads everything again, so that nothing is missed between. */
  async #follow(signal) {
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        await this.#listen(signal, () => { tries = 0; });
      } catch { /* told below */ }
      if (signal.aborted) return;
      this.#find("alert").textContent = this.#say("away");
      if (tries === 0) await this.#load(false);
      await new Promise((go) => { setTimeout(go, Math.min(30, 2 ** tries) * (500 + 500 * Math.random())); });
    }
  }

  async #listen(signal, stands) {
    const quiet = new AbortController();
    const give = () => quiet.abort();
    signal.addEventListener("abort", give, { once: true });
    let timer = setTimeout(give, QUIET_SECONDS * 1000);
    try {
      const answer = await this.#fetch(this.#url("/stream"), { signal: quiet.signal, headers: { Accept: "text/event-stream" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(give, QUIET_SECONDS * 1000);
        text = (text + value).replace(/\r\n/g, "\n");
        const blocks = text.split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const fields = {};
          for (const line of block.split("\n")) {
            const at = line.indexOf(":");
            if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
          }
          if (fields.event === "unread") { stands(); this.#find("alert").textContent = ""; await this.#load(false); }
          if (fields.event === "item") this.#come(JSON.parse(fields.data));
        }
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", give);
    }
  }

  async #load(further) {
    const turn = (this.#loads += 1), since = (this.#since = []);
    const filter = this.#filter;
    const query = { limit: this.getAttribute("page-size") || "20", archived: filter === "archived" ? "true" : "false" };
    if (SEVERITIES.includes(filter)) query.severity = filter;
    if (filter === "unread") query.unread = "true";
    if (further) query.cursor = this.#next;
    try {
      const answer = await this.#fetch(this.#url("", query));
      if (!answer.ok) throw new Error(String(answer.status));
      const page = await answer.json();
      if (turn !== this.#loads) return;
      if (!further) this.#items.clear();
      for (const item of page.items) this.#items.set(item.notice_id, item);
      for (const item of since) this.#place(item); // came while the page was on its way, which may be older
      this.#next = page.next;
      this.#count(page.unread);
      this.#show();
    } catch {
      if (turn === this.#loads) this.#find("alert").textContent = this.#say("failed");
    } finally {
      if (turn === this.#loads) this.#since = null;
    }
  }

  #count(unread) {
    const changed = unread !== this.#unread;
    this.#unread = unread;
    if (changed) this.dispatchEvent(new CustomEvent("vigil-unread", { detail: { unread }, bubbles: true, composed: true }));
  }

  #fits(item) {
    if ((this.#filter === "archived") !== Boolean(item.archived_at)) return false;
    if (this.#filter === "unread") return !item.read_at;
    return !SEVERITIES.includes(this.#filter) || item.severity === this.#filter;
  }

  /* Where it belongs as the list is filtered; an older one of its thread goes. */
  #place(item) {
    for (const [name, other] of this.#items) if (item.thread && other.thread === item.thread && name !== item.notice_id) this.#items.delete(name);
    if (this.#fits(item)) this.#items.set(item.notice_id, item);
    else this.#items.delete(item.notice_id);
  }

  /* A notice came, or changed. */
  #come(item) {
    const known = this.#items.get(item.notice_id);
    this.#since?.push(item);
    this.#place(item);
    if (!known && !item.read_at) this.#find("live").textContent = this.#say("fresh", { subject: item.title });
    this.#show();
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#recount(), 100);
  }

  async #recount() {
    try {
      const answer = await this.#fetch(this.#url("", { limit: "1" }));
      if (answer.ok) { this.#count((await answer.json()).unread); this.#show(); }
    } catch { /* the next one counts anew */ }
  }

  #show() {
    const list = this.#find("list");
    const focused = this.#root.activeElement, row = focused?.closest("[data-id]")?.dataset.id, act = focused?.dataset.act;
    const items = [...this.#items.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0));
    list.replaceChildren(...items.map((item, place) => made("li", {}, this.#row(item, place))));
    this.#find("count").textContent = this.#unread ? `${this.#say("unread")}: ${new Intl.NumberFormat(this.#language, { numberingSystem: "latn" }).format(this.#unread)}` : "";
    this.#find("empty").hidden = items.length > 0;
    this.#find("more").hidden = !this.#next;
    this.#find("readAll").hidden = !this.#unread;
    if (row) {
      const same = [...list.querySelectorAll("[data-id]")].find((node) => node.dataset.id === row);
      (act && same?.querySelector(`[data-act="${act}"]`) || same)?.focus();
    }
  }

  #row(item, place) {
    const dir = WORDS[nearest(item.locale)].dir, name = `s${place}`;
    const when = new Date(item.created_at);
    const words = new Intl.DateTimeFormat(this.#language, { dateStyle: "medium", timeStyle: "short", numberingSystem: "latn", timeZone: this.getAttribute("time-zone") || undefined }).format(when);
    const node = made("article", {
      "data-id": item.notice_id, "data-severity": item.severity, className: item.read_at ? "" : "unread", "aria-labelledby": name,
      part: item.read_at ? "item" : "item item-unread", tabIndex: place ? -1 : 0,
    },
      made("p", { className: "row soft" }, made("span", { className: "severity", part: "severity" }, this.#say(item.severity)),
        made("time", { dateTime: item.created_at, part: "time" }, words),
        item.number ? made("span", {}, `${this.#say("code")} `, made("span", { className: "code", part: "code" }, item.number)) : null),
      made("h3", { id: name, part: "subject", lang: item.locale, dir }, item.title, item.read_at ? null : made("span", { className: "sr", lang: this.#language }, `, ${this.#say("unread")}`)),
      made("p", { part: "body", lang: item.locale, dir }, item.body));
    const said = item.answer ? this.#say("answered", { answer: this.#say(item.answer) }) : "";
    if (said) node.append(made("p", { part: "answered" }, said));
    if (item.case) node.append(made("p", { part: "case" }, this.#say("case", { number: item.case })));
    node.append(this.#actions(item), this.#vote(item));
    return node;
  }

  #button(item, act, label, kind, run, more = {}) {
    return made("button", { type: "button", className: kind, part: `button ${kind}`.trim(), "data-act": act, on: { click: run }, ...more }, label);
  }

  #actions(item) {
    const row = made("div", { className: "row", part: "actions" }), has = (one) => (item.actions || []).includes(one);
    if (item.sure) {
      row.append(made("p", { part: "sure" }, this.#say("sure")), this.#button(item, "surely", this.#say("not_me"), "danger", () => this.#answer(item, "not_me")),
        this.#button(item, "cancel", this.#say("cancel"), "", () => { item.sure = false; this.#show(); this.#focus(item, "not_me"); }));
      return row;
    }
    if (has("not_me")) row.append(this.#button(item, "not_me", this.#say("not_me"), "danger", () => { item.sure = true; this.#show(); this.#focus(item, "surely"); }));
    if (has("me")) row.append(this.#button(item, "me", this.#say("me"), "strong", () => this.#answer(item, "me")));
    if (!item.read_at) row.append(this.#button(item, "read", this.#say("read"), "", () => this.#mark(item, "read")));
    if (!item.archived_at) row.append(this.#button(item, "archive", this.#say("archive"), "", () => this.#mark(item, "archive")));
    return row;
  }

  #vote(item) {
    const vote = (helpful) => this.#do(async () => { await this.#post(`/${encodeURIComponent(item.notice_id)}/helpful`, { helpful }); item.helpful = helpful; });
    return made("div", { className: "row", role: "group", part: "helpful", "aria-label": this.#say("helpful") }, made("span", { className: "soft" }, this.#say("helpful")),
      this.#button(item, "yes", this.#say("yes"), "", () => vote(true), { "aria-pressed": String(item.helpful === true) }),
      this.#button(item, "no", this.#say("no"), "", () => vote(false), { "aria-pressed": String(item.helpful === false) }));
  }

  #focus(item, act) {
    const row = [...this.#root.querySelectorAll("[data-id]")].find((node) => node.dataset.id === item.notice_id);
    (row?.querySelector(`[data-act="${act}"]`) || row)?.focus();
  }

  /* Runs a change; what failed is said, and the truth is read again. */
  async #do(change) {
    const alert = this.#find("alert");
    alert.textContent = "";
    try { await change(); this.#show(); } catch { alert.textContent = this.#say("failed"); await this.#load(false); }
  }

  #mark(item, what) {
    return this.#do(async () => {
      await this.#post(`/${encodeURIComponent(item.notice_id)}/${what}`);
      const now = new Date().toISOString();
      item = this.#items.get(item.notice_id) ?? item; // it may have been pushed meanwhile, and been counted
      if (!item.read_at) this.#count(Math.max(0, this.#unread - 1));
      item.read_at ||= now;
      if (what === "archive") { item.archived_at ||= now; if (!this.#fits(item)) this.#items.delete(item.notice_id); }
    });
  }

  #readAll() {
    return this.#do(async () => { await this.#post("/read"); await this.#load(false); });
  }

  #answer(item, answer) {
    return this.#do(async () => {
      const made = await this.#post(`/${encodeURIComponent(item.notice_id)}/answer`, { answer });
      Object.assign(item, { answer, case: made.case ?? null, sure: false, actions: [] });
      this.#find("live").textContent = this.#say("answered", { answer: this.#say(answer) });
      this.dispatchEvent(new CustomEvent("vigil-answer", { detail: { notice_id: item.notice_id, answer, case: item.case }, bubbles: true, composed: true }));
      this.#show();
      this.#focus(item, "");
    });
  }

  /* Arrow keys go from notice to notice; Tab goes into one. */
  #key(event) {
    const rows = [...this.#root.querySelectorAll("article")], at = rows.indexOf(event.target.closest("article"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || !rows[to] || event.target.tagName === "SELECT") return;
    event.preventDefault();
    rows.forEach((row, place) => { row.tabIndex = place === to ? 0 : -1; });
    rows[to].focus();
  }
}

if (!customElements.get("vigil-inbox")) customElements.define("vigil-inbox", VigilInbox);
