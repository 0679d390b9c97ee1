/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/status/explanation_page.h"

#include "core/status/page_style.h"
#include "core/status/tally.h"

/* A change here changes the hash in EP_EXPLANATION_SECURITY. */
static const char style[] =
    EP_PAGE_STYLE
    "h1{font-size:1.4rem;margin:0;overflow-wrap:anywhere}"
    "h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "p{margin:.25rem 0;overflow-wrap:anywhere}.faint{color:var(--faint);"
    "font-size:.875rem}.bad{color:var(--bad);font-weight:600}"
    "pre{background:var(--box);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.75rem;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".wide{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%;font-size:.9375rem;"
    "font-variant-numeric:tabular-nums}"
    "th,td{padding:.4rem .3rem;border-bottom:1px solid var(--line);"
    "text-align:left;vertical-align:top}th{font-weight:inherit}"
    "td{overflow-wrap:anywhere;min-width:5rem}.number{overflow-wrap:normal}"
    "thead th{color:var(--faint);font-size:.8125rem;font-weight:600}"
    "form{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:1rem}"
    "label{color:var(--faint);font-size:.875rem}"
    "input,button{display:block;font:inherit;color:var(--text);"
    "background:var(--box);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.25rem .5rem;max-width:100%}"
    "label:first-child{flex:1 1 20rem}label:first-child input{width:100%}"
    "button{align-self:end}a{color:var(--link)}footer{margin-top:2rem}";

static void put_paragraph(const ep_sink *sink, const char *text)
{
    ep_sink_text(sink, "<p>");
    ep_sink_html(sink, text);
    ep_sink_text(sink, "</p>\n");
}

static void put_input(const ep_sink *sink, const char *name, const char *label,
                      const char *example)
{
    ep_sink_text(sink, "<label>");
    ep_sink_text(sink, label);
    ep_sink_text(sink, "<input name=\"");
    ep_sink_text(sink, name);
    ep_sink_text(sink, "\" placeholder=\"");
    ep_sink_text(sink, example);
    ep_sink_text(sink, "\"></label>\n");
}

static void put_form(const ep_sink *sink)
{
    ep_sink_text(sink, "<form>\n");
    put_input(sink, "explain", "Method and URL",
              "PUT https://www.example.org/files/a.png");
    put_input(sink, "size", "Size", "5M, or unknown");
    put_input(sink, "type", "Content-Type", "image/png");
    put_input(sink, "expect", "Expect", "100-continue");
    put_input(sink, "user", "User", "");
    ep_sink_text(sink, "<button>Explain</button></form>\n");
}

static void put_line(const ep_sink *sink, const ep_setting *by)
{
    ep_sink_text(sink, "<div>");
    if (by->directive == NULL || by->file == NULL) {
        ep_sink_text(sink, "built in</div>");
        return;
    }
    ep_sink_html(sink, by->directive);
    ep_sink_text(sink, " ");
    ep_sink_html(sink, by->text != NULL ? by->text : "");
    ep_sink_text(sink, "<br><span class=\"faint\">");
    ep_sink_html(sink, by->file);
    ep_sink_text(sink, ":");
    ep_sink_number(sink, by->line);
    ep_sink_text(sink, "</span></div>");
}

static void put_cell(const ep_sink *sink, int64_t number)
{
    ep_sink_text(sink, "<td class=\"number\">");
    if (number != EP_UNKNOWN) {
        ep_sink_number(sink, number);
    }
    ep_sink_text(sink, "</td>");
}

static void put_row(const ep_sink *sink, const ep_explain_row *row)
{
    int i;

    ep_sink_text(sink, "<tr><th scope=\"row\">");
    ep_sink_html(sink, ep_tally_code(row->code));
    ep_sink_text(sink, "</th><td");
    if (row->result == EP_EXPLAIN_FAILED) {
        ep_sink_text(sink, " class=\"bad\"");
    }
    ep_sink_text(sink, ">");
    ep_sink_html(sink, ep_explain_word(row->result));
    if (row->why != NULL) {
        ep_sink_text(sink, ": ");
        ep_sink_html(sink, row->why);
    }
    ep_sink_text(sink, "</td><td>");
    for (i = 0; i < 2; i++) {
        if (row->by[i] != NULL) {
            put_line(sink, row->by[i]);
        }
    }
    ep_sink_text(sink, "</td>");
    put_cell(sink, row->limit);
    put_cell(sink, row->used);
    put_cell(sink, row->held);
    ep_sink_text(sink, "</tr>\n");
}

static void put_checks(const ep_explanation *told, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "<h2>The checks, in order</h2>\n"
                       "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
                       "<th scope=\"col\">Check</th>"
                       "<th scope=\"col\">Result</th>"
                       "<th scope=\"col\">Directive</th>"
                       "<th scope=\"col\">Limit</th>"
                       "<th scope=\"col\">Used</th>"
                       "<th scope=\"col\">Held by uploads</th></tr></thead><tbody>\n");
    for (i = 0; i < told->rows_count; i++) {
        put_row(sink, &told->rows[i]);
    }
    ep_sink_text(sink, "</tbody></table></div>\n");
}

static void put_answer(const ep_explanation *told, const ep_sink *sink)
{
    size_t i;

    if (told->document == NULL) {
        return;
    }
    ep_sink_text(sink, "<h2>What the client gets</h2>\n<pre>");
    for (i = 0; i < told->fields_count; i++) {
        ep_sink_html(sink, told->fields[i].name);
        ep_sink_text(sink, ": ");
        ep_sink_html(sink, told->fields[i].value);
        ep_sink_text(sink, "\n");
    }
    ep_sink_text(sink, "</pre>\n<pre>");
    ep_sink_html(sink, told->document);
    ep_sink_text(sink, "</pre>\n");
}

/* What was asked, in one line. */
static void put_question(const ep_explanation *told, const ep_sink *sink)
{
    ep_sink_html(sink, told->method);
    ep_sink_text(sink, " ");
    ep_sink_html(sink, told->host);
    ep_sink_html(sink, told->path);
    ep_sink_text(sink, ", ");
    if (told->size == EP_UNKNOWN) {
        ep_sink_text(sink, "unknown length");
    }
    else {
        ep_sink_number(sink, told->size);
        ep_sink_text(sink, " bytes");
    }
}

/* What becomes of it, in one line. */
static void put_outcome(const ep_explanation *told, const ep_sink *sink)
{
    ep_sink_html(sink, told->outcome);
    if (told->status > 0) {
        ep_sink_text(sink, ": ");
        ep_sink_number(sink, told->status);
    }
    if (told->error != NULL) {
        ep_sink_text(sink, " ");
        ep_sink_html(sink, told->error);
    }
}

static void put_place(const ep_explanation *told, const ep_sink *sink)
{
    ep_sink_text(sink, "<p class=\"faint\">Virtual host ");
    ep_sink_html(sink, told->server);
    if (told->file != NULL) {
        ep_sink_text(sink, ", file ");
        ep_sink_html(sink, told->file);
    }
    ep_sink_text(sink, ", ExpectPolicy ");
    ep_sink_html(sink, told->mode);
    ep_sink_text(sink, "</p>\n");
    if (told->mode_by != NULL) {
        put_line(sink, told->mode_by);
    }
}

static void put_notes(const ep_explanation *told, const ep_sink *sink)
{
    size_t i;

    ep_sink_text(sink, "<h2>Notes</h2>\n");
    for (i = 0; i < told->notes_count; i++) {
        put_paragraph(sink, told->notes[i]);
    }
}

static void put_explanation(const ep_explanation *told, const ep_sink *sink)
{
    ep_sink_text(sink, "<p>");
    put_question(told, sink);
    ep_sink_text(sink, "</p>\n<p");
    if (told->status > 0) {
        ep_sink_text(sink, " class=\"bad\"");
    }
    ep_sink_text(sink, ">");
    put_outcome(told, sink);
    ep_sink_text(sink, "</p>\n");
    put_place(told, sink);
    put_checks(told, sink);
    put_answer(told, sink);
    put_notes(told, sink);
}

void ep_explanation_page(const ep_explanation *told, const ep_sink *sink)
{
    ep_sink_text(sink, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
                       "<meta charset=\"utf-8\">"
                       "<meta name=\"viewport\""
                       " content=\"width=device-width\">"
                       "<link rel=\"icon\" href=\"data:,\">"
                       "<title>Why is an upload refused?</title><style>");
    ep_sink_text(sink, style);
    ep_sink_text(sink, "</style></head><body>\n"
                       "<h1>What would become of an upload</h1>\n");
    if (told != NULL) {
        put_explanation(told, sink);
    }
    put_form(sink);
    ep_sink_text(sink, "<footer class=\"faint\">Nothing was reserved, counted or"
                       " logged. <a href=\"?\">The counts</a></footer>\n"
                       "</body></html>\n");
}
