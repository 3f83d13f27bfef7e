/* What an exchange's page adds to the component: its own protection of forms. */
"use strict";
for (const inbox of document.querySelectorAll("vigil-inbox")) inbox.headers = () => ({ "X-CSRF": inbox.dataset.csrf });
