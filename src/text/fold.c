/* SPDX-License-Identifier: MIT */
#include "text/fold.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>

/* Text in another form of Unicode; false if it is not UTF-8 or too long. */
static bool convert(char *out, size_t size, const char *text, size_t length,
                    const UNormalizer2 *(*form)(UErrorCode *))
{
    UChar wide[COMPOSED_BYTES], made[FOLDED_BYTES];
    UErrorCode why = U_ZERO_ERROR;
    int32_t n, bytes = 0;

    if (length >= COMPOSED_BYTES)
        return false;
    u_strFromUTF8(wide, COMPOSED_BYTES, &n, text, (int32_t)length, &why);
    const UNormalizer2 *how = form(&why);

    n = unorm2_normalize(how, wide, U_SUCCESS(why) ? n : 0, made, FOLDED_BYTES, &why);
    u_strToUTF8(out, (int32_t)size, &bytes, made, n, &why);
    return U_SUCCESS(why) && (size_t)bytes < size;
}

bool echo_compose_name(char out[COMPOSED_BYTES], const char *text, size_t length)
{
    return convert(out, COMPOSED_BYTES, text, length, unorm2_getNFCInstance);
}

bool echo_fold(char out[FOLDED_BYTES], const char *text, size_t length)
{
    return convert(out, FOLDED_BYTES, text, length, unorm2_getNFKCCasefoldInstance);
}
