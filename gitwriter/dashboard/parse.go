package dashboard

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxRead bounds how much of an issue is read, in bytes; maxTicks how many ticks.
	maxRead  = 256 << 10
	maxTicks = 1000
)

// Parse gives the boxes that are ticked in an issue's text, each once, in the order in
// which they stand there. What people and forges make of the text besides (other bullets,
// indents, line ends, words) doesn't matter, nor what isn't a box of ours.
func Parse(body string) []Tick {
	body = body[:min(len(body), maxRead)]
	box := regexp.MustCompile(`^\s*(?:[-*+]|[0-9]{1,9}[.)])\s+\[[xX]\]\s*<!--\s*towline:\s*(release|retry|rebase)\s+(\S{1,512})\s*-->`)
	var ticks []Tick
	for line := range strings.FieldsFuncSeq(body, func(r rune) bool { return r == '\n' || r == '\r' }) {
		match := box.FindStringSubmatch(line)
		if match == nil || len(ticks) == maxTicks {
			continue
		}
		key, err := url.QueryUnescape(match[2])
		if err != nil {
			continue // somebody edited it, and who knows what it was
		}
		if tick := (Tick{Verb: match[1], Key: key}); !slices.Contains(ticks, tick) {
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// Scope tells whose issue a text is, by its first line; false where it isn't a dashboard.
func Scope(body string) (scope string, ok bool) {
	match := regexp.MustCompile(`^\s*<!-- towline-dashboard: (\S*) -->`).FindStringSubmatch(body[:min(len(body), maxRead)])
	if match == nil {
		return "", false
	}
	scope, err := url.QueryUnescape(match[1])
	return scope, err == nil
}

// Same reports whether an issue's text is what Render gave, but for what forges do to
// the ends of lines and of the text. One with a tick isn't.
func Same(body, rendered string) bool {
	return strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n")) == strings.TrimSpace(rendered)
}
