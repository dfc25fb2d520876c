package dashboard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A section is one heading with its entries, each of them a line.
type section struct {
	title, help string
	lines       []string
}

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

// within writes as many entries as fit into limit bytes. Ticked ones go before: their
// orders stand nowhere else.
func (s section) within(limit int) string {
	if s.size() <= limit {
		return s.head() + strings.Join(s.lines, "")
	}
	const more = "\n…and %d more.\n"
	left := limit - len(s.head()) - len(fmt.Sprintf(more, len(s.lines)))
	shown := make([]bool, len(s.lines))
	for _, first := range []bool{true, false} {
		for i, line := range s.lines {
			if strings.HasPrefix(line, ticked) != first {
				continue
			}
			if left -= len(line); left < 0 {
				break
			}
			shown[i] = true
		}
	}
	var b strings.Builder
	hidden := 0
	for i, line := range s.lines {
		if shown[i] {
			b.WriteString(line)
		} else {
			hidden++
		}
	}
	return s.head() + b.String() + fmt.Sprintf(more, hidden)
}
