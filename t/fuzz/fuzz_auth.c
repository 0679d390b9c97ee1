/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Input: a line that an administrator wrote as a challenge; a line that is an
 * Authorization value.
 */

#include "core/text/auth.h"

#include <string.h>

#include "fuzz.h"

#define RE_PARAMETER RE_TOKEN "=" RE_VALUE
#define RE_SEPARATOR "([ \t]+|" RE_OWS "," RE_OWS ")"

static const char written_pattern[] =
    RE_OWS RE_TOKEN "([ \t]+" RE_PARAMETER "(" RE_SEPARATOR RE_PARAMETER
    ")*(" RE_OWS ",)?)?" RE_OWS;
static const char made_pattern[] =
    RE_TOKEN "( " RE_PARAMETER "(, " RE_PARAMETER ")*)?";
static const char credentials_pattern[] = RE_OWS RE_TOKEN "([ \t].*)?";

/* A realm stands in front of its = behind the scheme or a comma, both outside of
 * quotes. */
static const char realm_pattern[] =
    RE_TOKEN "( " RE_PARAMETER ",)* [Rr][Ee][Aa][Ll][Mm]=" RE_VALUE
    "(, " RE_PARAMETER ")*";

static void check_realm(const char *made)
{
    if (strlen(made) <= FUZZ_MATCH_MAX) {
        PROMISE(ep_auth_has_parameter(made, "realm")
                == fuzz_matches(realm_pattern, made));
    }
}

static void check_challenge(const char *text)
{
    /* on the heap, so that a sanitizer finds a write past its end */
    char *out = malloc(EP_CHALLENGE_SIZE);
    char *again = malloc(EP_CHALLENGE_SIZE);
    const size_t length = strlen(text);
    int made;

    PROMISE(out != NULL && again != NULL);
    memset(out, 'x', EP_CHALLENGE_SIZE);
    made = ep_auth_parse_challenge(text, out);
    /* at most one byte is added to four: no text here can become too long */
    if (length <= FUZZ_MATCH_MAX) {
        PROMISE(made == fuzz_matches(written_pattern, text));
    }
    if (made) {
        const ep_span scheme = ep_auth_scheme(text);

        PROMISE(memchr(out, '\0', EP_CHALLENGE_SIZE) != NULL);
        PROMISE(strpbrk(out, "\r\n") == NULL);
        PROMISE(scheme.length > 0
                && memcmp(out, scheme.at, scheme.length) == 0);
        PROMISE(ep_text_same_word(ep_auth_scheme(out), scheme));
        if (strlen(out) <= FUZZ_MATCH_MAX) {
            PROMISE(fuzz_matches(made_pattern, out));
        }
        PROMISE(ep_auth_parse_challenge(out, again));
        PROMISE(strcmp(out, again) == 0);
        check_realm(out);
    }
    free(out);
    free(again);
}

static void check_credentials(const char *text)
{
    const ep_span scheme = ep_auth_scheme(text);

    PROMISE(scheme.at >= text
            && scheme.at + scheme.length <= text + strlen(text));
    if (strlen(text) <= FUZZ_MATCH_MAX) {
        PROMISE((scheme.length > 0)
                == fuzz_matches(credentials_pattern, text));
    }
    if (scheme.length > 0) {
        PROMISE(scheme.length == ep_text_token(scheme.at));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *challenge = fuzz_line(&data, &size);
    char *credentials = fuzz_line(&data, &size);

    if (challenge != NULL && credentials != NULL) {
        check_challenge(challenge);
        check_credentials(credentials);
    }
    free(challenge);
    free(credentials);
    return 0;
}
