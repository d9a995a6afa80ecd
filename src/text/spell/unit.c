/* SPDX-License-Identifier: MIT */
/* unit.c - units behind numbers. */
#include <string.h>

#include "text/spell/parts.h"

/* Where a sign is surely a unit; short ones are words and names, too. */
enum unit_where {
    UNIT_ANYWHERE,
    UNIT_NEAR,     /* without a blank, or with one at the end of a phrase */
    UNIT_TOUCHING, /* without a blank */
};

/* A longer sign stands before what it begins with. */
static const struct unit units[] = {
    { "km/h", "kilometer per hour", "kilometers per hour", 0 },
    { "kph", "kilometer per hour", "kilometers per hour", 0 },
    { "mph", "mile per hour", "miles per hour", 0 },
    { "mpg", "mile per gallon", "miles per gallon", 0 },
    { "rpm", "revolution per minute", "revolutions per minute", 0 },
    { "fps", "frame per second", "frames per second", 0 },
    { "bpm", "beat per minute", "beats per minute", 0 },
    { "dpi", "dot per inch", "dots per inch", 0 },
    { "ppm", "part per million", "parts per million", 0 },
    { "psi", "pound per square inch", "pounds per square inch", 0 },
    { "sq ft", "square foot", "square feet", 0 },
    { "sq. ft.", "square foot", "square feet", 0 },
    { "sq m", "square meter", "square meters", 0 },
    { "sq mi", "square mile", "square miles", 0 },
    { "sq km", "square kilometer", "square kilometers", 0 },
    { "cu ft", "cubic foot", "cubic feet", 0 },
    { "fl oz", "fluid ounce", "fluid ounces", 0 },
    { "fl. oz.", "fluid ounce", "fluid ounces", 0 },
    { "km", "kilometer", "kilometers", 0 },
    { "cm", "centimeter", "centimeters", 0 },
    { "mm", "millimeter", "millimeters", 0 },
    { "nm", "nanometer", "nanometers", 0 },
    { "µm", "micrometer", "micrometers", 0 },
    { "μm", "micrometer", "micrometers", 0 },
    { "µL", "microliter", "microliters", 0 },
    { "μL", "microliter", "microliters", 0 },
    { "µg", "microgram", "micrograms", 0 },
    { "μg", "microgram", "micrograms", 0 },
    { "mcg", "microgram", "micrograms", 0 },
    { "µs", "microsecond", "microseconds", 0 },
    { "μs", "microsecond", "microseconds", 0 },
    { "ns", "nanosecond", "nanoseconds", 0 },
    { "ms", "millisecond", "milliseconds", 0 },
    { "kg", "kilogram", "kilograms", 0 },
    { "mg", "milligram", "milligrams", 0 },
    { "lbs.", "pound", "pounds", 0 },
    { "lbs", "pound", "pounds", 0 },
    { "lb.", "pound", "pounds", 0 },
    { "lb", "pound", "pounds", 0 },
    { "oz.", "ounce", "ounces", 0 },
    { "oz", "ounce", "ounces", 0 },
    { "ft.", "foot", "feet", 0 },
    { "ft", "foot", "feet", 0 },
    { "yd", "yard", "yards", 0 },
    { "yds", "yard", "yards", 0 },
    { "mi", "mile", "miles", UNIT_NEAR },
    { "in.", "inch", "inches", UNIT_NEAR },
    { "in", "inch", "inches", UNIT_NEAR },
    { "ml", "milliliter", "milliliters", 0 },
    { "mL", "milliliter", "milliliters", 0 },
    { "cl", "centiliter", "centiliters", 0 },
    { "dl", "deciliter", "deciliters", 0 },
    { "gal", "gallon", "gallons", 0 },
    { "tbsp.", "tablespoon", "tablespoons", 0 },
    { "tsp.", "teaspoon", "teaspoons", 0 },
    { "tbsp", "tablespoon", "tablespoons", 0 },
    { "tsp", "teaspoon", "teaspoons", 0 },
    { "ha", "hectare", "hectares", UNIT_NEAR },
    { "TWh", "terawatt hour", "terawatt hours", 0 },
    { "GWh", "gigawatt hour", "gigawatt hours", 0 },
    { "MWh", "megawatt hour", "megawatt hours", 0 },
    { "kWh", "kilowatt hour", "kilowatt hours", 0 },
    { "Wh", "watt hour", "watt hours", 0 },
    { "mAh", "milliamp hour", "milliamp hours", 0 },
    { "GW", "gigawatt", "gigawatts", 0 },
    { "MW", "megawatt", "megawatts", 0 },
    { "kW", "kilowatt", "kilowatts", 0 },
    { "mW", "milliwatt", "milliwatts", 0 },
    { "kV", "kilovolt", "kilovolts", 0 },
    { "mV", "millivolt", "millivolts", 0 },
    { "mA", "milliamp", "milliamps", 0 },
    { "kHz", "kilohertz", "kilohertz", 0 },
    { "MHz", "megahertz", "megahertz", 0 },
    { "GHz", "gigahertz", "gigahertz", 0 },
    { "Hz", "hertz", "hertz", 0 },
    { "kPa", "kilopascal", "kilopascals", 0 },
    { "hPa", "hectopascal", "hectopascals", 0 },
    { "MPa", "megapascal", "megapascals", 0 },
    { "Pa", "pascal", "pascals", UNIT_TOUCHING },
    { "kJ", "kilojoule", "kilojoules", 0 },
    { "kcal", "kilocalorie", "kilocalories", 0 },
    { "cal", "calorie", "calories", UNIT_NEAR },
    { "kN", "kilonewton", "kilonewtons", 0 },
    { "Nm", "newton meter", "newton meters", 0 },
    { "dB", "decibel", "decibels", 0 },
    { "kΩ", "kiloohm", "kiloohms", 0 },
    { "Ω", "ohm", "ohms", 0 },
    { "hp", "horsepower", "horsepower", 0 },
    { "KiB", "kibibyte", "kibibytes", 0 },
    { "MiB", "mebibyte", "mebibytes", 0 },
    { "GiB", "gibibyte", "gibibytes", 0 },
    { "kB", "kilobyte", "kilobytes", 0 },
    { "KB", "kilobyte", "kilobytes", 0 },
    { "MB", "megabyte", "megabytes", 0 },
    { "GB", "gigabyte", "gigabytes", 0 },
    { "TB", "terabyte", "terabytes", 0 },
    { "PB", "petabyte", "petabytes", 0 },
    { "kbps", "kilobit per second", "kilobits per second", 0 },
    { "Kbps", "kilobit per second", "kilobits per second", 0 },
    { "Mbps", "megabit per second", "megabits per second", 0 },
    { "Gbps", "gigabit per second", "gigabits per second", 0 },
    { "Mbit", "megabit", "megabits", 0 },
    { "Gbit", "gigabit", "gigabits", 0 },
    { "MP", "megapixel", "megapixels", 0 },
    { "hrs", "hour", "hours", 0 },
    { "hr", "hour", "hours", 0 },
    { "mins", "minute", "minutes", 0 },
    { "min.", "minute", "minutes", 0 },
    { "min", "minute", "minutes", 0 },
    { "secs", "second", "seconds", 0 },
    { "sec.", "second", "seconds", 0 },
    { "sec", "second", "seconds", 0 },
    { "yrs", "year", "years", 0 },
    { "yr", "year", "years", 0 },
    { "wk", "week", "weeks", 0 },
    { "wks", "week", "weeks", 0 },
    { "°C", "degree Celsius", "degrees Celsius", 0 },
    { "° C", "degree Celsius", "degrees Celsius", 0 },
    { "ºC", "degree Celsius", "degrees Celsius", 0 },
    { "℃", "degree Celsius", "degrees Celsius", 0 },
    { "°F", "degree Fahrenheit", "degrees Fahrenheit", 0 },
    { "° F", "degree Fahrenheit", "degrees Fahrenheit", 0 },
    { "ºF", "degree Fahrenheit", "degrees Fahrenheit", 0 },
    { "℉", "degree Fahrenheit", "degrees Fahrenheit", 0 },
    { "°N", "degree north", "degrees north", 0 },
    { "° N", "degree north", "degrees north", 0 },
    { "°S", "degree south", "degrees south", 0 },
    { "° S", "degree south", "degrees south", 0 },
    { "°E", "degree east", "degrees east", 0 },
    { "° E", "degree east", "degrees east", 0 },
    { "°W", "degree west", "degrees west", 0 },
    { "° W", "degree west", "degrees west", 0 },
    { "°", "degree", "degrees", 0 },
    { "′N", "minute north", "minutes north", 0 },
    { "′S", "minute south", "minutes south", 0 },
    { "′E", "minute east", "minutes east", 0 },
    { "′W", "minute west", "minutes west", 0 },
    { "″N", "second north", "seconds north", 0 },
    { "″S", "second south", "seconds south", 0 },
    { "″E", "second east", "seconds east", 0 },
    { "″W", "second west", "seconds west", 0 },
    { "′", "minute", "minutes", UNIT_TOUCHING },
    { "″", "second", "seconds", UNIT_TOUCHING },
    { "%", "percent", "percent", 0 },
    { "‰", "per mille", "per mille", 0 },
    { "¢", "cent", "cents", 0 },
    { "m", "meter", "meters", 0 },
    { "g", "gram", "grams", 0 },
    { "l", "liter", "liters", 0 },
    { "L", "liter", "liters", 0 },
    { "h", "hour", "hours", 0 },
    { "s", "second", "seconds", 0 },
    { "t", "ton", "tons", UNIT_NEAR },
    { "W", "watt", "watts", UNIT_NEAR },
    { "V", "volt", "volts", UNIT_NEAR },
    { "A", "amp", "amps", UNIT_NEAR },
    { "N", "newton", "newtons", UNIT_NEAR },
    { "J", "joule", "joules", UNIT_NEAR },
};

/* Behind a unit: a power, which is said before it. */
static const struct {
    const char *sign, *word;
} powers[] = {
    { "²", "square" }, { "³", "cubic" }, { "^2", "square" }, { "^3", "cubic" },
    { "2", "square" }, { "3", "cubic" },
};

static const char *power_of(const char *at, const char **word)
{
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        size_t n = echo_starts(at, powers[i].sign);

        if (n && !echo_letter_at(at + n)) {
            *word = powers[i].word;
            return at + n;
        }
    }
    return at;
}

/* A sign of letters ends where letters end; one of 5A1 or of m'lord is none. */
static const char *sign_end(const struct unit *u, const char *at)
{
    size_t n = echo_starts(at, u->sign);
    const char *word;

    if (!n || (u->sign[n - 1] == '.' && (!at[n] || at[n] == '"')))
        return NULL;
    at += n;
    if (!echo_ascii_letter(u->sign[n - 1]) && (u->sign[n - 1] & 0x80) == 0)
        return at;
    if (*at == '\'' || (echo_letter_at(at) && power_of(at, &word) == at))
        return NULL;
    return at;
}

/* Behind a sign that is a word, too, the phrase ends, or goes on as a size does. */
static bool phrase_ends(const char *at)
{
    struct span next = echo_word_behind(at);

    if (*at == ' ')
        return echo_is(next, "by x tall long wide deep high thick and or of per fuse bulb") ||
               (!next.n && !echo_letter_at(at + 1));
    return !echo_ascii_letter(*at);
}

const char *echo_unit(const char *at, const struct unit **unit)
{
    const char *sign = echo_past_blank(at);
    bool touches = sign == at || *at == '-';

    if (*at == '-')
        sign = at + 1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const char *end = *units[i].sign == *sign ? sign_end(&units[i], sign) : NULL;

        if (!end || (units[i].where && !touches &&
                     (units[i].where == UNIT_TOUCHING || !phrase_ends(end))))
            continue;
        if (*at == '-' && (units[i].where || !echo_ascii_letter(*sign)))
            continue;
        *unit = &units[i];
        return end;
    }
    return NULL;
}

static void say_powered(struct reading *r, const char *power, const char *name)
{
    if (power)
        echo_say(r, power);
    echo_say(r, name);
}

/* "/s" behind a unit, "/month" behind money. */
static const char *say_per(struct reading *r, const char *at)
{
    const struct unit *unit;
    const char *end, *power = NULL;
    struct span word;

    if (*at != '/' || !echo_letter_at(at + 1) || echo_digit(at[1]))
        return at;
    word = echo_word_behind(at + 1);
    echo_say(r, "per");
    if ((end = echo_unit(at + 1, &unit)) && !(unit->where == UNIT_TOUCHING)) {
        end = power_of(end, &power);
        if (!strcmp(unit->sign, "s") && power) {
            echo_say(r, unit->one);
            echo_say(r, "squared");
        } else {
            say_powered(r, power, unit->one);
        }
        return end;
    }
    if (!word.n)
        return at + 1;
    if (echo_is(word, "mo"))
        return echo_say(r, "month"), at + 3;
    echo_say_bytes(r, word.at, word.n);
    return word.at + word.n;
}

const char *echo_say_unit(struct reading *r, const char *at, bool one)
{
    const struct unit *unit;
    const char *end = echo_unit(at, &unit), *power = NULL;

    if (!end)
        return say_per(r, at);
    one = one || *at == '-';
    end = power_of(end, &power);
    say_powered(r, power, one ? unit->one : unit->many);
    r->at = end;
    if (end[-1] == '.')
        echo_sentence_end(r);
    return say_per(r, end);
}
