package policy

import (
	"fmt"
	"regexp"
	"strings"
)

// maxExcludes bounds the entries of a policy: each may be a regular expression
// that runs for every tag.
const maxExcludes = 200

// An exclusion is one entry of spec.exclude: a tag, or a regular expression.
type exclusion struct {
	written string
	pattern *regexp.Regexp // nil for an exact tag
}

func (e exclusion) matches(tag string) bool {
	if e.pattern != nil {
		return e.pattern.MatchString(tag)
	}
	return e.written == tag
}

// exclusions checks and compiles the entries. An entry that could never match a
// tag is a problem, since the tag that was meant would go through.
func (d *decoding) exclusions(entries []string) []exclusion {
	const path = "spec.exclude"
	if len(entries) > maxExcludes {
		d.fail(path, fmt.Sprintf("has more than %d entries", maxExcludes), "join them in a /regular expression/")
		return nil
	}
	out := make([]exclusion, 0, len(entries))
	for i, entry := range entries {
		at := fmt.Sprintf("%s[%d]", path, i)
		if d.bad[at] {
			continue
		}
		e := exclusion{written: entry}
		if inner, ok := strings.CutPrefix(entry, "/"); ok {
			inner, closed := strings.CutSuffix(inner, "/")
			if !closed || inner == "" {
				d.fail(at, quote(entry)+" is neither a tag nor a /regular expression/", "close it with a slash: /-rc/")
				continue
			}
			pattern, message, hint := d.compile(inner)
			if message != "" {
				d.fail(at, message, hint)
				continue
			}
			e.pattern = pattern
		} else if !isTag(entry) {
			d.fail(at, quote(entry)+" can't be a tag", "write a tag as it stands in the registry, or a /regular expression/")
			continue
		}
		out = append(out, e)
	}
	return out
}
