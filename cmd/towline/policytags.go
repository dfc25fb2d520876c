package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/towline-dev/towline/policy"
)

// maxTags bounds what is read from standard input.
const maxTags = 1_000_000

// listing is what standard input says of a repository: tags, and for some of them
// when their images were created.
type listing struct {
	tags    []string
	created map[string]time.Time
}

// readTags reads one tag a line, with an optional time (RFC 3339) behind it.
func readTags(r io.Reader) (listing, error) {
	l := listing{created: map[string]time.Time{}}
	lines, n := bufio.NewScanner(r), 0
	for ; lines.Scan(); n++ {
		tag := strings.TrimSpace(lines.Text())
		if tag == "" {
			continue
		}
		if len(l.tags) == maxTags {
			return l, fmt.Errorf("standard input holds more than %d tags", maxTags)
		}
		if at := strings.LastIndexAny(tag, " \t"); at >= 0 {
			if created, err := time.Parse(time.RFC3339, tag[at+1:]); err == nil {
				tag = strings.TrimSpace(tag[:at])
				l.created[tag] = created
			}
		}
		l.tags = append(l.tags, tag)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return l, fmt.Errorf("standard input:%d: a line of more than %d bytes is no tag (write one tag a line)", n+1, bufio.MaxScanTokenSize)
	case err != nil:
		return l, fmt.Errorf("reading tags from standard input: %w", err)
	}
	return l, nil
}

// witness tells the times that were given, to policies that ask for nothing else: what
// else there is to an image nobody on standard input can tell.
func (l listing) witness(p *policy.Policy) policy.Witness {
	if len(l.created) == 0 || p.Needs().Has(policy.NeedPlatforms) || p.Needs().Has(policy.NeedSignature) {
		return nil
	}
	return func(_ policy.Need, tags []string) ([]policy.Facts, error) {
		facts := make([]policy.Facts, len(tags))
		for i, tag := range tags {
			at := l.created[tag]
			facts[i] = policy.Facts{Created: at, Since: at, Guessed: true}
		}
		return facts, nil
	}
}
