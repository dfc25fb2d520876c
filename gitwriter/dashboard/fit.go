package dashboard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// fit writes the sections that have entries into at most limit bytes. Small ones are
// written whole; what these leave is shared evenly by the large ones.
func fit(sections []section, limit int) string {
	var order []int
	for i, s := range sections {
		if len(s.lines) > 0 {
			order = append(order, i)
		}
	}
	if len(order) == 0 {
		return "\nNothing is open, waiting, held or failing.\n"
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sections[a].size(), sections[b].size()) })
	texts := make([]string, len(sections))
	for n, i := range order {
		texts[i] = sections[i].within(limit / (len(order) - n))
		limit -= len(texts[i])
	}
	return strings.Join(texts, "")
}

func (s section) head() string {
	return fmt.Sprintf("\n## %s (%d)\n\n%s\n\n", s.title, len(s.lines), s.help)
}

func (s section) size() int {
	size := len(s.head())
	for _, line := range s.lines {
		size += len(line)
	}
	return size
}

// within writes as many entries as fit into limit bytes.
func (s section) within(limit int) string {
	if s.size() <= limit {
		return s.head() + strings.Join(s.lines, "")
	}
	const more = "\n…and %d more.\n"
	var b strings.Builder
	b.WriteString(s.head())
	limit -= len(fmt.Sprintf(more, len(s.lines)))
	for i, line := range s.lines {
		if b.Len()+len(line) > limit {
			fmt.Fprintf(&b, more, len(s.lines)-i)
			break
		}
		b.WriteString(line)
	}
	return b.String()
}
