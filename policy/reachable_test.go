package policy_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/policy"
)

// unreachable gives what is wrong with a policy of the spec, "" where nothing is.
func unreachable(spec string) string {
	_, err := policy.Parse("p.yaml", []byte("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: a}\nspec: {image: a, "+spec+"}\n"))
	if err == nil {
		return ""
	}
	_, text, _ := strings.Cut(err.Error(), " ")
	return text
}

func TestUnreachable(t *testing.T) {
	const (
		semver  = "policy: {semver: {range: '*'}}"
		letters = "policy: {alphabetical: {}}"
		number  = "policy: {numerical: {}}"
		dates   = "policy: {calver: {layout: YYYY.0M.DD}}"
		hint    = ` (tags have letters, digits, underscores, dots and dashes, and don't begin with the last two)`
	)
	filter := func(pattern string) string { return ", filterTags: {pattern: '" + pattern + "'}" }
	extract := func(text string) string { return ", filterTags: {pattern: '^x(.*)$', extract: '" + text + "'}" }
	noTag := func(pattern string) string {
		return fmt.Sprintf(`spec.filterTags.pattern: "%s" matches no tag`, pattern) + hint
	}
	unread := func(pattern, noun string) string {
		return fmt.Sprintf(`spec.filterTags.pattern: no tag that "%s" matches is a %s (let extract name the part that is one)`, pattern, noun)
	}
	nothing := func(i int) string {
		return fmt.Sprintf("spec.exclude[%d]: leaves no tag that the policy could choose", i)
	}
	tests := []struct{ name, spec, want string }{
		{"a character that no tag has", letters + filter(`^v1\+`), noTag(`^v1\+`)},
		{"a colon", letters + filter(`web:.*`), noTag(`web:.*`)},
		{"a dash at the start", letters + filter(`^-rc`), noTag(`^-rc`)},
		{"a dot at the start", letters + filter(`\A\.`), noTag(`\A\.`)},
		{"a dash further on", letters + filter(`-rc`), ""},
		{"the start behind a character", letters + filter(`a^b`), noTag(`a^b`)},
		{"the end before a character", letters + filter(`a$b`), noTag(`a$b`)},
		{"nothing at all", letters + filter(`^$`), noTag(`^$`)},
		{"longer than a tag", letters + filter(`^[a-z]{129}`), noTag(`^[a-z]{129}`)},
		{"as long as a tag", letters + filter(`^[a-z]{128}$`), ""},
		{"no word's end within a word", letters + filter(`a\Bb`), ""},
		{"a word's end within a word", letters + filter(`a\bb`), noTag(`a\bb`)},
		{"a word's end before a dash", letters + filter(`a\b-b`), ""},
		{"no word's end before a dash", letters + filter(`a\B-b`), noTag(`a\B-b`)},
		{"letters of any case", letters + filter(`(?i)^RC$`), ""},
		{"letters beyond ASCII", letters + filter(`ä`), noTag(`ä`)},
		{"lines", letters + filter(`(?m)^a$`), ""},
		{"a line's end within", letters + filter(`(?m)a$\nb`), noTag(`(?m)a$\nb`)},

		{"no version", semver + filter(`^main-[0-9]+$`), unread(`^main-[0-9]+$`, "version")},
		{"maybe a version", semver + filter(`-alpine$`), ""},
		{"no number", number + filter(`^v[0-9]+$`), unread(`^v[0-9]+$`, "number")},
		{"a number", number + filter(`^[0-9]{8}`), ""},
		{"no date", dates + filter(`^[0-9]{3}\.`), unread(`^[0-9]{3}\.`, "date")},

		{"digits before the version", semver + extract("1.$1"), ""},
		{"a v before the version", semver + extract("v$1"), ""},
		{"text before the version", semver + extract("version-$1"), `spec.filterTags.extract: "version-$1" yields values that begin with "version-", and no version does`},
		{"text in a number", number + extract("$1 GB"), `spec.filterTags.extract: "$1 GB" yields values with " " in them, and no number has that`},
		{"a dollar in a number", number + extract("$$1$1"), `spec.filterTags.extract: "$$1$1" yields values with "$" in them, and no number has that`},
		{"text before letters", letters + extract("version-$1"), ""},

		{"every tag", semver + ", exclude: [/x/, /./]", nothing(1)},
		{"every version", semver + ", exclude: ['/^[0-9]/', '/^v/']", nothing(1)},
		{"every version but some", semver + ", exclude: ['/^[0-9]/']", ""},
		{"not every tag", letters + ", exclude: ['/^[a-y]/', '/^[A-Z_]/']", ""},
		{"no tag, behind one that is no entry", letters + `, exclude: [':', '/\+/']`, `spec.exclude[0]: ":" can't be a tag ` +
			`(write a tag as it stands in the registry, or a /regular expression/)` + "\n" + `p.yaml:4:61: spec.exclude[1]: "/\+/" matches no tag` + hint},
		{"no tag", semver + `, exclude: ['/\+/']`, `spec.exclude[0]: "/\+/" matches no tag` + hint},
		{"every tag of the filter", letters + filter(`-rc\.[0-9]+$`) + ", exclude: [a, /-rc/]", nothing(1)},
		{"the one tag of the filter", letters + filter(`^latest$`) + ", exclude: [latest]", nothing(0)},
		{"the tag that is followed", "policy: {digest: {tag: stable}}, exclude: [/^st/]", nothing(0)},
		{"another tag than is followed", "policy: {digest: {tag: stable}}, exclude: [unstable, stabl]", ""},
		{"every date", dates + `, exclude: ['/^v?\d{4}\.\d\d\./']`, nothing(0)},
		{"every date without a v", dates + `, exclude: ['/^\d{4}\.\d\d\./']`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := unreachable(tt.spec); got != tt.want {
				t.Errorf("problem %q\n  want %q", got, tt.want)
			}
		})
	}
}

// TestUnreachableAtRandom holds the search to package regexp, by expressions whose
// shortest match is among the tags of up to four characters: what it says matches
// no tag matches none of these, and what matches none of these is said to match
// none.
func TestUnreachableAtRandom(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the same ones each time
	var tags []string
	const alphabet = "ab0_.-"
	for length, layer := 0, []string{""}; length < 4; length++ {
		var next []string
		for _, tag := range layer {
			for _, c := range alphabet {
				if tag != "" || c != '.' && c != '-' {
					next = append(next, tag+string(c))
				}
			}
		}
		tags, layer = append(tags, next...), next
	}
	pieces := []string{"a", "b", "0", ".", `\.`, "-", "^", "$", `\b`, `\B`, "(a|b)", "(?:-|$)", "[^a-z]", "[^0-9_.-]", "+", "*", "?", "{2}", "|", ":", "a:"}
	none, some := 0, 0
	for range 4000 {
		var text strings.Builder
		for range 1 + r.IntN(3) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		pattern, err := regexp.Compile(text.String())
		if err != nil {
			continue
		}
		matched := ""
		for _, tag := range tags {
			if pattern.MatchString(tag) {
				matched = tag
				break
			}
		}
		said := strings.Contains(unreachable("policy: {alphabetical: {}}, filterTags: {pattern: '"+text.String()+"'}"), "matches no tag")
		switch {
		case said && matched != "":
			t.Errorf("%q matches the tag %q, and is said to match none", pattern, matched)
		case said:
			none++
		case matched == "":
			t.Errorf("%q matches no short tag, and isn't reported", pattern)
		default:
			some++
		}
	}
	if none < 100 || some < 100 {
		t.Errorf("%d patterns match nothing and %d something: too few to tell", none, some)
	}
}

// TestUnreachableIsBounded: what is large to search ends soon, and is passed over.
func TestUnreachableIsBounded(t *testing.T) {
	var excludes []string
	for i := range 200 {
		excludes = append(excludes, fmt.Sprintf("'/(a|b)*a(a|b){%d}c/'", i%12))
	}
	began := time.Now()
	if got := unreachable("policy: {alphabetical: {}}, exclude: [" + strings.Join(excludes, ", ") + "]"); got != "" {
		t.Error(got)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
