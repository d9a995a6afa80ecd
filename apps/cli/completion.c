/* SPDX-License-Identifier: MIT */
/* completion.c - what a shell completes after "echotts", made of the tables of its commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/voices.h"
#include "config_file.h"
#include "runtime.h"

struct completion {
    struct common common;
    const char *output;
};

#define AT(field) offsetof(struct completion, field)

static const struct option own_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE", .preset = "-", .once = true,
      .help = "the file to write (default: stdout)" },
    { .name = "model", .letter = 'm', .kind = OPTION_STRING, .at = AT(common.model),
      .value = "DIR", .variable = "ECHOTTS_MODEL",
      .help = "whose voices are asked for" },
    VOICES_OPTION_ROW(AT(common.voices)),
    { 0 },
};

static const struct option_group groups[] = {
    { "Writing", own_options },
    { "Other", common_options },
    { 0 },
};

/* ---- what the tables say ---- */

static bool is_path(const char *value)
{
    return value && (!strncmp(value, "FILE", 4) || !strncmp(value, "DIR", 3));
}

/* Calls show() for each word of "auto,cpu". */
static void each(FILE *f, const char *list, void (*show)(FILE *f, const char *word))
{
    char word[64];

    for (; list && *list; list += strspn(list, ",")) {
        int length = (int)strcspn(list, ",");

        snprintf(word, sizeof word, "%.*s", length, list);
        show(f, word);
        list += length;
    }
}

/* Calls show() for each word that an option is usually given, of text and of numbers. */
static void each_value(FILE *f, const struct option *o,
                       void (*show)(FILE *f, const char *word))
{
    each(f, o->values, show);
    for (const echo_param_word *w = o->words; w && w->word; w++)
        show(f, w->word);
}

/* For what a command's own word may be; COMMAND is one of ours. */
static void each_word(FILE *f, const struct command *c, void (*show)(FILE *f, const char *word))
{
    const struct command *other;

    for (const struct action *a = c->actions; a && a->name; a++)
        show(f, a->name);
    if (!c->words || is_path(c->words))
        return;
    if (strcmp(c->words, "COMMAND")) {
        each(f, c->words, show);
        return;
    }
    for (int i = 0; (other = commands_at(i)); i++)
        show(f, other->name);
}

static void show_plain(FILE *f, const char *word)
{
    fprintf(f, " %s", word);
}

/* Inside single quotes, with a backslash before each of `special`. */
static void quoted(FILE *f, const char *s, const char *special)
{
    for (; *s; s++)
        if (strchr(special, *s))
            fprintf(f, "\\%c", *s);
        else
            fprintf(f, *s == '\'' ? "'\\''" : "%c", *s);
}

/* ---- bash ---- */

static const char bash_head[] =
    "# bash completion of echotts; made by: echotts completion bash\n"
    "\n"
    "# A list that the program knows: of the voices, of the model that the line names.\n"
    "_echotts_ask()\n"
    "{\n"
    "    local i model=\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in -m | --model) model=${COMP_WORDS[i + 1]} ;; esac\n"
    "    done\n"
    "    \"$1\" completion \"$2\" ${model:+-m \"$model\"} 2>/dev/null\n"
    "}\n"
    "\n"
    "# What may come after a command and its option, a line each.\n"
    "_echotts_list()\n"
    "{\n"
    "    case \"$1 $2\" in\n";

static const char bash_tail[] =
    "    esac\n"
    "}\n"
    "\n"
    "# The list with what @files and @voices stand for.\n"
    "_echotts_fill()\n"
    "{\n"
    "    local word\n"
    "    while IFS= read -r word; do\n"
    "        case $word in\n"
    "        @files) compgen -f -- \"$2\" ;;\n"
    "        @none) ;;\n"
    "        @*) _echotts_ask \"$1\" \"${word#@}\" ;;\n"
    "        *) printf '%s\\n' \"$word\" ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "\n"
    "_echotts()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command=${COMP_WORDS[1]} option= list= word\n"
    "    COMPREPLY=()\n"
    "    if [[ $cur == = ]]; then\n"
    "        option=$prev cur=\n"
    "    elif [[ $prev == = ]]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [[ $prev == -?* ]]; then\n"
    "        option=$prev\n"
    "    fi\n"
    "    if [[ $COMP_CWORD == 1 ]]; then\n"
    "        list=$(_echotts_list \"\" \"\")\n"
    "    elif [[ -n $option ]]; then\n"
    "        list=$(_echotts_list \"$command\" \"$option\")\n"
    "    fi\n"
    "    if [[ -z $list ]]; then\n"
    "        [[ $cur == -* ]] && option=- || option=\n"
    "        list=$(_echotts_list \"$command\" \"$option\")\n"
    "        [[ -z $list$cur ]] && list=$(_echotts_list \"$command\" -)\n"
    "    fi\n"
    "    while IFS= read -r word; do\n"
    "        [[ -n $word && $word == \"$cur\"* ]] && COMPREPLY+=(\"$word\")\n"
    "    done < <(_echotts_fill \"$1\" \"$cur\" <<<\"$list\")\n"
    "    [[ $list == *@files* ]] && compopt -o filenames -o default 2>/dev/null\n"
    "    return 0\n"
    "}\n"
    "complete -F _echotts echotts\n";

static void bash_option_names(FILE *f, const struct command *c)
{
    const struct option *o;

    for (int i = 0; (o = options_at(c, i, NULL)); i++) {
        fprintf(f, " --%s", o->name);
        if (o->kind == OPTION_SWITCH)
            fprintf(f, " --no-%s", o->name);
    }
}

static void bash_option(FILE *f, const struct command *c, const struct option *o)
{
    if (!options_takes_value(o))
        return;
    fprintf(f, "    \"%s --%s\"", c->name, o->name);
    if (o->alias)
        fprintf(f, " | \"%s --%s\"", c->name, o->alias);
    if (o->letter)
        fprintf(f, " | \"%s -%c\"", c->name, o->letter);
    fputs(") printf '%s\\n'", f);
    if (is_path(o->value))
        fputs(" @files", f);
    if (o->ask)
        fprintf(f, " @%s", o->ask);
    each_value(f, o, show_plain);
    if (!is_path(o->value) && !o->ask && !o->values && !o->words)
        fputs(" @none", f);
    fputs(" ;;\n", f);
}

static void bash(FILE *f)
{
    const struct command *c;
    const struct option *o;

    fputs(bash_head, f);
    fputs("    \" \") printf '%s\\n'", f);
    for (int i = 0; (c = commands_at(i)); i++)
        fprintf(f, " %s", c->name);
    fputs(" help --help --version ;;\n", f);
    for (int i = 0; (c = commands_at(i)); i++) {
        fprintf(f, "    \"%s -\") printf '%%s\\n'", c->name);
        bash_option_names(f, c);
        fprintf(f, " ;;\n    \"%s \") printf '%%s\\n' %s", c->name,
                is_path(c->words) || c->actions ? "@files" : "");
        each_word(f, c, show_plain);
        fputs(" ;;\n", f);
        for (int j = 0; (o = options_at(c, j, NULL)); j++)
            bash_option(f, c, o);
    }
    fputs(bash_tail, f);
}

/* ---- zsh ---- */

static const char zsh_head[] =
    "#compdef echotts\n"
    "# zsh completion of echotts; made by: echotts completion zsh\n"
    "\n"
    "# A list that the program knows: of the voices, of the model that the line names.\n"
    "_echotts_ask() {\n"
    "    local at=${words[(I)(-m|--model)]}\n"
    "    local -a model found\n"
    "    ((at)) && model=(-m ${(Q)words[at + 1]})\n"
    "    found=(${(f)\"$($program completion $1 $model 2>/dev/null)\"})\n"
    "    compadd -a found\n"
    "}\n"
    "\n"
    "_echotts() {\n"
    "    local program=$words[1]\n"
    "    local -a commands\n"
    "    commands=(\n";

static const char zsh_middle[] = "    )\n"
                                 "    if ((CURRENT == 2)); then\n"
                                 "        _describe command commands\n"
                                 "        return\n"
                                 "    fi\n"
                                 "    shift words\n"
                                 "    ((CURRENT--))\n"
                                 "    case $words[1] in\n";

static const char zsh_tail[] = "    esac\n"
                               "}\n"
                               "\n"
                               "_echotts \"$@\"\n";

/* Behind the option: ":N:(auto cpu)" */
static void zsh_value(FILE *f, const struct option *o)
{
    if (!options_takes_value(o))
        return;
    fputc(':', f);
    quoted(f, o->value, ":\\");
    fputc(':', f);
    if (o->values || o->words) {
        fputc('(', f);
        each_value(f, o, show_plain);
        fputc(')', f);
    } else if (o->ask && is_path(o->value)) {
        fprintf(f, "{_echotts_ask %s; _files}", o->ask);
    } else if (o->ask) {
        fprintf(f, "{_echotts_ask %s}", o->ask);
    } else if (is_path(o->value)) {
        fputs("_files", f);
    }
}

static void zsh_spec(FILE *f, const struct option *o, const char *no)
{
    bool value = options_takes_value(o);

    fputs("            ", f);
    if (o->letter)
        fprintf(f, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
                value ? "+" : "", o->name, value ? "=" : "");
    else
        fprintf(f, "'--%s%s%s[", no, o->name, value ? "=" : "");
    if (*no)
        fputs("do not: ", f);
    quoted(f, o->help, "[]\\");
    fputc(']', f);
    zsh_value(f, o);
    fputs("' \\\n", f);
}

static void zsh_words(FILE *f, const struct command *c)
{
    bool several = c->actions || (c->words && !is_path(c->words));

    fprintf(f, "            '1:%s:%s", c->actions ? "action" : c->word ? c->word : "",
            several || c->words ? "" : " ");
    if (is_path(c->words))
        fputs("_files", f);
    else if (several)
        fputc('(', f);
    each_word(f, c, show_plain);
    fprintf(f, "%s'%s\n        ;;\n", several ? ")" : "", c->actions ? " '*::_files'" : "");
}

static void zsh(FILE *f)
{
    const struct command *c;
    const struct option *o;

    fputs(zsh_head, f);
    for (int i = 0; (c = commands_at(i)); i++) {
        fprintf(f, "        '%s:", c->name);
        quoted(f, c->summary, "");
        fputs("'\n", f);
    }
    fputs(zsh_middle, f);
    for (int i = 0; (c = commands_at(i)); i++) {
        fprintf(f, "    %s)\n        _arguments \\\n", c->name);
        for (int j = 0; (o = options_at(c, j, NULL)); j++) {
            zsh_spec(f, o, "");
            if (o->kind == OPTION_SWITCH)
                zsh_spec(f, o, "no-");
        }
        zsh_words(f, c);
    }
    fputs(zsh_tail, f);
}

/* ---- fish ---- */

static const char fish_head[] =
    "# fish completion of echotts; made by: echotts completion fish\n"
    "\n"
    "# A list that the program knows: of the voices, of the model that the line names.\n"
    "function __echotts_ask\n"
    "    set -l words (commandline -opc)\n"
    "    set -l at (contains -i -- -m $words; or contains -i -- --model $words)\n"
    "    set -l model\n"
    "    test -n \"$at\"; and set model -m $words[(math $at + 1)]\n"
    "    $words[1] completion $argv $model 2>/dev/null\n"
    "end\n"
    "\n"
    "complete -c echotts -f\n";

static void fish_option(FILE *f, const struct command *c, const struct option *o,
                        const char *no)
{
    fprintf(f, "complete -c echotts -n '__fish_seen_subcommand_from %s' -l %s%s", c->name, no,
            o->name);
    if (o->letter && !*no)
        fprintf(f, " -s %c", o->letter);
    if (options_takes_value(o))
        fprintf(f, is_path(o->value) ? " -r -F -a '" : " -x -a '");
    if (o->ask)
        fprintf(f, "(__echotts_ask %s)", o->ask);
    each_value(f, o, show_plain);
    fputs(options_takes_value(o) ? "' -d '" : " -d '", f);
    if (*no)
        fputs("do not: ", f);
    quoted(f, o->help, "\\");
    fputs("'\n", f);
}

static void fish_word(FILE *f, const struct command *c)
{
    if (!c->words && !c->actions)
        return;
    fprintf(f, "complete -c echotts -n '__fish_seen_subcommand_from %s' %s", c->name,
            is_path(c->words) || c->actions ? "-F -a '" : "-a '");
    each_word(f, c, show_plain);
    fputs("'\n", f);
}

static void fish(FILE *f)
{
    const struct command *c;
    const struct option *o;

    fputs(fish_head, f);
    for (int i = 0; (c = commands_at(i)); i++) {
        fprintf(f, "complete -c echotts -n __fish_use_subcommand -a %s -d '", c->name);
        quoted(f, c->summary, "\\");
        fputs("'\n", f);
        fish_word(f, c);
        for (int j = 0; (o = options_at(c, j, NULL)); j++) {
            fish_option(f, c, o, "");
            if (o->kind == OPTION_SWITCH)
                fish_option(f, c, o, "no-");
        }
    }
}

/* ---- what the scripts ask for ---- */

static echo_status print_voices(const struct completion *job, echo_error *err)
{
    struct completion asked = *job;
    struct common common = { .device = "cpu", .quiet = true };
    struct config_file *settings = NULL;
    struct runtime e = { 0 };
    json_t *own = NULL, *name;
    const char *voice;
    size_t n;
    echo_status status = config_file_open(&settings, NULL, err);

    if (!status)
        status = config_file_apply(settings, &completion_command, &asked, err);
    common.model = asked.common.model;
    common.voices = asked.common.voices;
    if (!status)
        status = runtime_open_model(&e, &common, true, err);
    if (e.library)
        own = voices_of_library(e.library);
    json_array_foreach(own, n, name)
        puts(json_string_value(name));
    for (int i = 0; !status && (voice = echo_model_voice(e.model, i)); i++)
        if (echo_library_find(e.library, voice, NULL, NULL))
            puts(voice);
    if (json_array_size(own)) /* of them it is an answer, whatever the model is */
        status = ECHO_OK;
    json_decref(own);
    runtime_close(&e);
    config_file_close(&settings);
    return status ? status : output_flush(err);
}

static echo_status print_presets(const struct completion *job, echo_error *err)
{
    (void)job;
    for (int i = 0; echo_preset_at(i); i++)
        puts(echo_preset_at(i)->name);
    puts("none\nlist");
    return output_flush(err);
}

static echo_status print_isa(const struct completion *job, echo_error *err)
{
    (void)job;
    for (int i = 0; echo_isa(i); i++)
        puts(echo_isa(i));
    return output_flush(err);
}

/* ---- the command ---- */

/* A script for a shell, or a list for such a script. */
static const struct {
    const char *name;
    void (*script)(FILE *f);
    echo_status (*list)(const struct completion *job, echo_error *err);
} kinds[] = {
    { .name = "bash", .script = bash },
    { .name = "zsh", .script = zsh },
    { .name = "fish", .script = fish },
    { .name = "isa", .list = print_isa },
    { .name = "presets", .list = print_presets },
    { .name = "voices", .list = print_voices },
};

static echo_status write_script(void (*script)(FILE *f), const char *path, echo_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&bytes, &n);
    echo_status status;

    if (!f)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    script(f);
    fclose(f);
    status = output_save(path, bytes, n, err);
    free(bytes);
    return status;
}

static echo_status run(void *job, echo_error *err)
{
    const struct completion *completion = job;
    const char *wanted = completion->common.word;

    for (size_t i = 0; wanted && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(wanted, kinds[i].name))
            return kinds[i].list
                       ? kinds[i].list(completion, err)
                       : write_script(kinds[i].script,
                                      completion->output ? completion->output : "-", err);
    return echo_fail(err, ECHO_ERR_ARG, "%s%.40s%sfor which shell? bash, zsh or fish",
                     wanted ? "'" : "", wanted ? wanted : "", wanted ? "': " : "");
}

static const struct example examples[] = {
    { "completion bash > ~/.local/share/bash-completion/completions/echotts",
      "for one user of bash" },
    { "completion zsh > ~/.zfunc/_echotts",
      "for zsh, if fpath has that directory before compinit" },
    { "completion fish > ~/.config/fish/completions/echotts.fish", "for one user of fish" },
    { 0 },
};

const struct command completion_command = {
    .name = "completion",
    .word = "shell",
    .words = "bash,zsh,fish",
    .synopsis = "bash|zsh|fish [-o FILE]",
    .summary = "print a script that completes this program's options in a shell",
    .details = "Installing the program installs the scripts too. They ask for what they cannot "
               "know: completion voices lists the voices of the library and of a model, "
               "completion presets the presets, completion isa the levels of CPU "
               "instructions.",
    .examples = examples,
    .job_size = sizeof(struct completion),
    .groups = groups,
    .run = run,
};
