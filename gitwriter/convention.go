package gitwriter

import (
	"regexp"
	"slices"
	"strings"

	"github.com/towline-dev/towline/policy"
)

const (
	defaultConvention = "chore(deps)"
	maxSubjects       = 20 // looked at
	minSubjects       = 3  // that must follow Conventional Commits, and half of those looked at
)

// Convention tells what titles begin with where a repository's commits have these
// subjects, newest first: "" where they don't follow Conventional Commits, else the type
// and scope that most of those about dependencies have, or "chore(deps)". Subjects of
// merges and of Towline's own commits are for the caller to leave out: they'd say what was
// decided before. Up to 20 are looked at.
func Convention(subjects []string) (prefix string) {
	subjects = slices.DeleteFunc(slices.Clone(subjects), func(s string) bool { return strings.HasPrefix(s, "Merge ") })
	subjects = subjects[:min(len(subjects), maxSubjects)]
	// Of words before a colon only those that the convention's users agree on: many write
	// "parser: mend it".
	form := regexp.MustCompile(`^(build|chore|ci|deps|docs|feat|feature|fix|perf|refactor|revert|style|tests?)(?:\(([\w./ -]{1,40})\))?!?: \S`)
	about := regexp.MustCompile(`^(?i:deps|dependency|dependencies|images?|docker|containers?)$`)
	following, prefix := 0, defaultConvention
	uses := map[string]int{}
	for _, subject := range subjects {
		m := form.FindStringSubmatch(subject)
		if m == nil {
			continue
		}
		following++
		if m[1] != "deps" && !about.MatchString(m[2]) {
			continue
		}
		used := m[1]
		if m[2] != "" {
			used += "(" + m[2] + ")"
		}
		// Where two are used as often, the one that was used last before.
		if uses[used]++; uses[used] > uses[prefix] {
			prefix = used
		}
	}
	if following < minSubjects || following*2 < len(subjects) {
		return ""
	}
	return prefix
}

// convention is what the update's titles begin with.
func (u Update) convention() string {
	switch u.Conventional {
	case policy.ConventionalNever:
		return ""
	case policy.ConventionalAuto:
		return Convention(u.Subjects)
	}
	return defaultConvention
}

// titled puts the convention before a text, or begins it with a capital letter.
func (u Update) titled(text string) string {
	if prefix := u.convention(); prefix != "" {
		return oneLine(prefix+": "+text, maxTitle)
	}
	return oneLine(strings.ToUpper(text[:1])+text[1:], maxTitle)
}
