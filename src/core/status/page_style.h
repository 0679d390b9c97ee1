/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#ifndef EP_PAGE_STYLE_H
#define EP_PAGE_STYLE_H

/** CSS that the status page and an explanation share: colours, light and dark, and the
 * page as a whole.  A change here changes the hashes in EP_PAGE_SECURITY and
 * EP_EXPLANATION_SECURITY. */
#define EP_PAGE_STYLE \
    ":root{color-scheme:light dark;--back:#fff;--text:#1b1b1f;--faint:#55565e;" \
    "--line:#d5d6dc;--box:#f4f5f8;--bad:#b3261e;--link:#0b57d0}" \
    "@media(prefers-color-scheme:dark){:root{--back:#121316;--text:#e6e6ea;" \
    "--faint:#a9abb5;--line:#3a3c44;--box:#1d1f24;--bad:#f2b8b5;" \
    "--link:#a8c7fa}}" \
    "*{box-sizing:border-box}" \
    "body{margin:0 auto;padding:1rem;max-width:60rem;background:var(--back);" \
    "color:var(--text);font:1rem/1.5 system-ui,sans-serif}"

#endif
