package command

import (
	"fmt"
	"strings"
)

// known lists the verbs for people.
func known() string {
	var names []string
	for _, v := range Verbs() {
		names = append(names, string(v))
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// unknown says what is wrong with a verb that there isn't.
func unknown(verb string) string {
	problem := "it isn't known; there are " + known()
	if near := nearest(verb); len(near) > 0 {
		problem += fmt.Sprintf(" (hint: perhaps %s)", strings.Join(near, " or "))
	}
	return problem
}

// nearest gives the verbs that somebody may have meant: those with the fewest letters to
// change, unless that is more than two.
func nearest(text string) []string {
	const most, longest = 2, 20
	var near []string
	fewest := most
	for _, v := range Verbs() {
		if len(text) > longest {
			break
		}
		n := distance(text, string(v))
		if n < fewest {
			near, fewest = nil, n
		}
		if n == fewest {
			near = append(near, string(v))
		}
	}
	return near
}

// distance counts the bytes to put in, to take out or to change between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0] // of the row above, one to the left
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
