package reconciler

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"
)

// shorten cuts text to at most n characters, between characters.
func shorten(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// permanent tells whether an error says of itself that trying again can't help.
func permanent(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && !t.Temporary()
}

// masked hides what differs each time in an error of the network, our own end's
// port: two errors that are the same otherwise are no news.
func masked(text string) string {
	return regexp.MustCompile(`\S+:\d+->`).ReplaceAllString(text, "")
}
