/* SPDX-License-Identifier: MIT */
/* capitals.c - what is written in capitals to be loud becomes ordinary words. */
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>

#include "text/character.h"
#include "text/spell/parts.h"

/* A run of so many capital words is shouted, and so is a text that has no others, unless it is
 * one short word. */
enum { SHOUT_WORDS = 3, SHOUT_LETTERS = 6 };

/* Said by their letters, or as names, in capitals. */
static const char acronyms[] =
    "NASA USB HTML BBC FBI CIA NSA NATO UNESCO UNICEF IBM AIDS HIV DNA RNA USA UK UN EU UAE "
    "USSR AM PM AD BC CE BCE ID IDS IQ TV CD DVD PC PCS CPU GPU RAM ROM SSD HDD LED LCD GPS "
    "SMS PDF HTTP HTTPS URL API SQL CSS XML JSON PHP NGO CEO CFO CTO VIP FAQ DIY RSVP ATM "
    "PIN ASAP FYI BTW OMG LOL IMO WHO IMF OPEC NAFTA FIFA UEFA NBA NFL NHL MLB MIT UCLA MTV "
    "CNN ABC NBC CBS HBO ESPN KGB MI5 SUV ICU ER MRI ADHD PTSD GDP VAT IRS LLC LA NY NYC DC "
    "AC AI IT OS IP TCP AP UUID APR IBAN ISBN KB MB GB TB PB UFO IOS VPN DNS LAN WAN WIFI "
    "JPEG GIF PNG ASCII UTF SSML TTS IEEE ISO ANSI SCUBA LASER RADAR COVID SARS MERS EST "
    "PST CST MST GMT UTC EDT PDT USD EUR GBP JPY";
/* In a run of capitals these are words. */
static const char words_in_runs[] = "WHO IT AM LA LASER RADAR SCUBA ER AIDS PIN ID";
/* Alone between small words these are said loudly. */
static const char loud[] =
    "STOP NOT NO YES VERY NEVER ALWAYS NOW ALL AND OR BUT THE MUST DO DOES DID DON'T "
    "DOESN'T DIDN'T WON'T CAN'T CANNOT CAN WILL WOULD SHOULD IS ARE WAS WERE ISN'T AREN'T "
    "HAVE HAS HAD ANY EVERY EVERYTHING NOTHING NOBODY EVERYONE ANYTHING ONLY REALLY SO TOO "
    "MUCH MANY MORE MOST LESS BEST WORST GREAT GOOD BAD BIG HUGE LOVE HATE WANT NEED PLEASE "
    "HELP WAIT GO COME HELLO HEY THANK THANKS SORRY WARNING DANGER CAUTION IMPORTANT NOTE "
    "ATTENTION FREE SALE OPEN CLOSED EXIT PUSH PULL WHAT WHY WHEN WHERE HOW THIS THAT THESE "
    "THOSE YOU YOUR HE SHE WE THEY THEM HIM HER MY ME OUR IN ON AT TO OF FOR FROM WITH "
    "WITHOUT BEFORE AFTER AGAIN ABSOLUTELY COMPLETELY TOTALLY EXTREMELY DEFINITELY "
    "IMMEDIATELY BOTH EACH EITHER NEITHER FIRST LAST ONE TWO BEWARE FIRE RUN LOOK LISTEN "
    "QUIET SILENCE PERFECT AMAZING AWESOME TERRIBLE WRONG RIGHT TRUE FALSE NONE SAME OTHER "
    "ENOUGH IF THEN ELSE BECAUSE UNTIL UNLESS EVEN STILL JUST THERE HERE BEEN BE TODAY "
    "TOMORROW";

/* Names, whose first letter stays. */
static const char names[] =
    "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY JANUARY FEBRUARY APRIL JUNE "
    "JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER CHRISTMAS EASTER ENGLISH AMERICAN "
    "AMERICA EUROPE LONDON PARIS";

struct word {
    const char *at;
    size_t n;
    bool capital; /* all of it, letters alone */
    bool kept;    /* an acronym, an address, part of a number */
};

static size_t letter_bytes(const char *at, uint32_t *code)
{
    size_t n;

    if ((unsigned char)*at < 0x80) {
        *code = (unsigned char)*at;
        return echo_ascii_letter(*at);
    }
    n = echo_character(at, code);
    return n && echo_letter_at(at) ? n : 0;
}

/* Letters, and apostrophes between them. */
static struct word word_at(const char *at)
{
    struct word w = { .at = at, .capital = true };
    uint32_t code;
    size_t n;

    for (;;) {
        if (at[w.n] == '\'' && w.n && letter_bytes(at + w.n + 1, &code))
            w.n++;
        if (!(n = letter_bytes(at + w.n, &code)))
            break;
        w.capital = w.capital && (u_isupper((UChar32)code) || echo_character_is_mark(code));
        w.n += n;
    }
    return w;
}

static bool in(const struct word *w, const char *list)
{
    return echo_is((struct span){ w->at, w->n }, list);
}

/* Words without vowels are said by their letters; Roman numbers are numbers. */
static bool letters_only(const struct word *w)
{
    return w->n < 6 && !memchr(w->at, '\'', w->n) && strcspn(w->at, "AEIOUY") >= w->n &&
           !(*w->at & 0x80);
}

static bool roman(const struct word *w)
{
    return w->n >= 2 && w->n <= 5 && strspn(w->at, "IVX") >= w->n;
}

static bool is_kept(const struct word *w, bool english, bool in_run)
{
    if (!english)
        return w->n < 2;
    if (in_run && in(w, words_in_runs))
        return false;
    return in(w, acronyms) || letters_only(w) || roman(w) || in(w, "I");
}

static bool sentence_begins(const char *text, const char *at)
{
    while (at > text && strchr(" \"'([", at[-1]))
        at--;
    return at == text || at[-1] == ']' || strchr(".!?:", at[-1]);
}

static void put_lower(struct text_buffer *out, const char *text, const struct word *w)
{
    size_t i = 0;
    uint32_t code;

    if (sentence_begins(text, w->at) || (w->n > 1 && !memcmp(w->at, "I'", 2)) ||
        in(w, names)) {
        i = echo_character(w->at, &code);
        echo_buffer_put(out, w->at, i);
    }
    while (i < w->n) {
        size_t n = echo_character(w->at + i, &code);

        echo_buffer_character(out, (uint32_t)u_tolower((UChar32)code));
        i += n;
    }
}

/* Bytes that are no words to be read: events, addresses, names with digits. */
static size_t foreign(const char *text, const char *at)
{
    size_t n = echo_event(at);

    if (n || (at > text && at[-1] != ' '))
        return n;
    n = echo_chunk(at);
    if (n &&
        (memchr(at, '@', n) || memmem(at, n, "://", 3) || *at == '#' || memchr(at, '\\', n)))
        return n;
    return 0;
}

/* 4K, US$100, 1-800-FLOWERS */
static bool beside_digit(const char *text, const struct word *w, const char *end)
{
    const char *before = w->at;

    if (before - text > 1 && before[-1] == '-')
        before--;
    return echo_digit(*end) || *end == '$' || (before > text && echo_digit(before[-1]));
}

/* One walk over a text, which gives its words. */
static bool next_word(const char *text, const char **at, struct word *w)
{
    while (**at) {
        size_t n = foreign(text, *at);
        uint32_t code;

        if (n) {
            *at += n;
            continue;
        }
        *w = word_at(*at);
        if (w->n) {
            *at += w->n;
            w->kept = beside_digit(text, w, *at);
            return true;
        }
        n = echo_character(*at, &code);
        *at += n ? n : 1;
    }
    return false;
}

/* How the run that begins with `w` goes on: its end, and if it is shouted. */
static const char *run_end(const char *text, const char *at, struct word w, bool english,
                           int *words, int *letters)
{
    const char *end = at;

    *words = *letters = 0;
    do {
        if (w.kept)
            continue;
        if (!w.capital)
            return end;
        end = at;
        if (!is_kept(&w, english, true)) {
            ++*words;
            *letters += w.n > 1 ? (int)(w.n < 100 ? w.n : 100) : 0;
        }
    } while (next_word(text, &at, &w));
    return at;
}

static bool is_loud(const struct word *w, bool english)
{
    return english && w->capital && w->n > 1 && !w->kept && (in(w, loud) || in(w, names));
}

void echo_calm(struct text_buffer *out, const char *text, bool english)
{
    const char *at = text, *done = text, *run = text;
    struct word w;
    bool shouted = false, first = true;

    while (next_word(text, &at, &w)) {
        if (w.at >= run && w.capital && !w.kept) {
            int words, letters;

            run = run_end(text, at, w, english, &words, &letters);
            shouted = letters > 0 &&
                      (words >= SHOUT_WORDS ||
                       (first && !*run && (words > 1 || letters >= SHOUT_LETTERS)));
        }
        first = first && w.kept;
        if (w.at < run && shouted ? !w.capital || w.kept || is_kept(&w, english, true)
                                  : !is_loud(&w, english))
            continue;
        echo_buffer_put(out, done, (size_t)(w.at - done));
        put_lower(out, text, &w);
        done = w.at + w.n;
    }
    echo_buffer_put(out, done, strlen(done));
}
