package forgetest

import (
	"html"
	"regexp"
	"strings"
)

// block is a piece of Markdown as the pages show it: as values, which the
// template escapes, so that nothing in a body can become markup. It is enough to
// read what Towline writes, and no more.
type block struct {
	Kind  string // heading, paragraph, list, table, code, rule
	Text  []span // heading, paragraph
	Items [][]span
	Head  [][]span   // a table's first row
	Rows  [][][]span // and its others
	Code  string
}

// span is a run of text within a block; Kind is "", code, strong, link or break.
type span struct {
	Kind, Text, Link string
}

var (
	hiddenComment = regexp.MustCompile(`(?s)<!--.*?(-->|$)`)
	tagLine       = regexp.MustCompile(`^</?[a-z]+[^>]*>$`)
	listItem      = regexp.MustCompile(`^\s*[-*] (.*)$`)
	tableRule     = regexp.MustCompile(`^\|?[\s:|-]*-[\s:|-]*\|?$`)
	inlineMark    = regexp.MustCompile("`([^`]+)`|\\*\\*([^*]+)\\*\\*|\\[([^\\]]+)\\]\\((https?://[^)\\s]+)\\)|<code>([^<]*)</code>|<br ?/?>")
	summaryTag    = regexp.MustCompile(`</?(summary|details|b|strong)>`)
)

// markdown reads a body into blocks. HTML comments are left out, as everywhere.
func markdown(body string) []block {
	body = hiddenComment.ReplaceAllString(strings.ReplaceAll(body, "\r\n", "\n"), "")
	var out []block
	lines := strings.Split(body, "\n")
	open := false // the paragraph before goes on
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(summaryTag.ReplaceAllString(lines[i], ""))
		var taken block
		n := 1
		switch {
		case line == "" || tagLine.MatchString(line):
			i, open = i+1, false
			continue
		case strings.HasPrefix(line, "```"):
			taken, n = codeBlock(lines[i:])
		case line == "---" && !open:
			taken = block{Kind: "rule"}
		case strings.HasPrefix(line, "#"):
			taken = block{Kind: "heading", Text: spans(strings.TrimSpace(strings.TrimLeft(line, "#")))}
		case strings.HasPrefix(line, "|"):
			taken, n = tableBlock(lines[i:])
		case listItem.MatchString(line):
			taken, n = listBlock(lines[i:])
		case open:
			last := &out[len(out)-1]
			last.Text = append(last.Text, spans(" "+line)...)
			i++
			continue
		default:
			taken = block{Kind: "paragraph", Text: spans(line)}
		}
		out = append(out, taken)
		open = taken.Kind == "paragraph"
		i += n
	}
	return out
}

func codeBlock(lines []string) (block, int) {
	for n, line := range lines[1:] {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			return block{Kind: "code", Code: strings.Join(lines[1:n+1], "\n")}, n + 2
		}
	}
	return block{Kind: "code", Code: strings.Join(lines[1:], "\n")}, len(lines)
}

func listBlock(lines []string) (block, int) {
	out := block{Kind: "list"}
	n := 0
	for ; n < len(lines); n++ {
		match := listItem.FindStringSubmatch(lines[n])
		if match == nil {
			break
		}
		out.Items = append(out.Items, spans(match[1]))
	}
	return out, n
}

func tableBlock(lines []string) (block, int) {
	out := block{Kind: "table"}
	n := 0
	for ; n < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[n]), "|"); n++ {
		line := strings.TrimSpace(lines[n])
		switch {
		case n == 0:
			out.Head = cells(line)
		case n == 1 && tableRule.MatchString(line):
		default:
			out.Rows = append(out.Rows, cells(line))
		}
	}
	return out, n
}

func cells(line string) [][]span {
	// A bar within a cell is written \|.
	const bar = "\x00"
	line = strings.ReplaceAll(line, `\|`, bar)
	var out [][]span
	for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
		out = append(out, spans(strings.TrimSpace(strings.ReplaceAll(cell, bar, "|"))))
	}
	return out
}

func spans(text string) []span {
	var out []span
	for {
		at := inlineMark.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		if at[0] > 0 {
			out = append(out, span{Text: unescape(text[:at[0]])})
		}
		switch {
		case at[2] >= 0:
			out = append(out, span{Kind: "code", Text: text[at[2]:at[3]]})
		case at[4] >= 0:
			out = append(out, span{Kind: "strong", Text: strings.Trim(unescape(text[at[4]:at[5]]), "`")})
		case at[10] >= 0:
			out = append(out, span{Kind: "code", Text: unescape(text[at[10]:at[11]])})
		case at[8] < 0:
			out = append(out, span{Kind: "break"})
		default:
			out = append(out, span{Kind: "link", Text: strings.Trim(unescape(text[at[6]:at[7]]), "`"), Link: text[at[8]:at[9]]})
		}
		text = text[at[1]:]
	}
	if text != "" {
		out = append(out, span{Text: unescape(text)})
	}
	return out
}

var backslash = regexp.MustCompile("\\\\([!-/:-@\\[-`{-~])")

// unescape gives the characters that backslashes and references such as &#34; stand
// for. The template escapes them again in its own way.
func unescape(text string) string { return html.UnescapeString(backslash.ReplaceAllString(text, "$1")) }
