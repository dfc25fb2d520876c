package scaffold

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// maxName bounds names in bytes: they become part of branches' names.
const maxName = 63

// name gives the policies without a name one of their images' last components, and
// of more components where several would share it.
func (f *finding) name() {
	taken := map[string]bool{}
	for _, p := range f.tree.Policies {
		taken[p.Key()] = true
	}
	var open []*Policy
	for _, p := range f.found {
		if p.Name == "" {
			open = append(open, p)
		} else {
			taken[p.Key()] = true
		}
	}
	for depth := 1; len(open) > 0; depth++ {
		shared := map[string]int{}
		for _, p := range open {
			shared[nameOf(p, depth)]++
		}
		var rest []*Policy
		for _, p := range open {
			name := nameOf(p, depth)
			switch {
			case depth < components(p.Image) && (taken[name] || shared[name] > 1):
				rest = append(rest, p)
			default:
				p.Name = counted(name, taken)
				taken[p.Name] = true
			}
		}
		open = rest
	}
	slices.SortStableFunc(f.found, func(a, b *Policy) int { return cmp.Compare(a.Key(), b.Key()) })
}

// nameOf makes a name of the last components of the policy's image, and its label.
func nameOf(p *Policy, depth int) string {
	parts := strings.Split(edit.CanonicalImage(p.Image), "/")
	name := strings.Join(parts[max(0, len(parts)-depth):], "-")
	if p.label != "" {
		name += "-" + p.label
	}
	return clean(name)
}

func components(image string) int { return 1 + strings.Count(edit.CanonicalImage(image), "/") }

// clean makes a valid name of a text: lower-case letters, digits, dashes and single
// dots, with a letter or digit at each end.
func clean(text string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' {
			b.WriteRune(c)
		} else {
			b.WriteByte('-')
		}
	}
	name := regexp.MustCompile(`\.\.+`).ReplaceAllString(b.String(), ".")
	name = strings.Trim(name[:min(len(name), maxName)], "-.")
	if strings.HasSuffix(name, ".lock") { // Git allows no branch of such a name.
		name = strings.TrimSuffix(name, ".lock") + "-lock"
	}
	return cmp.Or(name, "image")
}

// counted gives the name, or where it is taken the name with the first number that
// makes it a new one.
func counted(name string, taken map[string]bool) string {
	next := name
	for n := 2; taken[next]; n++ {
		next = fmt.Sprintf("%s-%d", name, n)
	}
	return next
}
