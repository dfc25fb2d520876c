package scaffold

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/towline-dev/towline/policy"
)

// text writes the policy's document, with the comments above it.
func (p *Policy) text() string {
	var b strings.Builder
	s := p.Suggestion
	fmt.Fprintf(&b, "# Used in %s.\n# %s.\n", oneLine(some(p.files())), oneLine(why(s)))
	fmt.Fprintf(&b, "apiVersion: %s\nkind: ImagePolicy\nmetadata:\n  name: %s\n", policy.APIVersion, plain(p.Name))
	if p.Namespace != "" {
		fmt.Fprintf(&b, "  namespace: %s\n", plain(p.Namespace))
	}
	fmt.Fprintf(&b, "spec:\n  image: %s\n", plain(p.Image))
	if f := s.FilterTags; f != nil {
		fmt.Fprintf(&b, "  filterTags:\n    pattern: %s\n", single(f.Pattern))
		if f.Extract != "" {
			fmt.Fprintf(&b, "    extract: %s\n", single(f.Extract))
		}
	}
	b.WriteString("  policy:\n" + kindText(s.Policy))
	if p.Pin && s.Policy.Digest == nil {
		fmt.Fprintf(&b, "  pin: %s\n", policy.PinDigest)
	}
	if len(p.Paths) > 0 {
		b.WriteString("  update:\n    paths:\n")
		for _, glob := range p.Paths {
			fmt.Fprintf(&b, "      - %s\n", strconv.Quote(glob))
		}
	}
	return b.String()
}

// kindText writes the kind with its parameters.
func kindText(k policy.Kinds) string {
	prereleases := func(yes bool) string {
		if yes {
			return "      prereleases: true\n"
		}
		return ""
	}
	switch {
	case k.Semver != nil:
		return fmt.Sprintf("    semver:\n      range: %q\n%s", k.Semver.Range, prereleases(k.Semver.Prereleases))
	case k.Calver != nil:
		return fmt.Sprintf("    calver:\n      layout: %s\n%s", k.Calver.Layout, prereleases(k.Calver.Prereleases))
	case k.Numerical != nil:
		return fmt.Sprintf("    numerical:\n      order: %s\n", k.Numerical.Order)
	case k.Alphabetical != nil:
		return fmt.Sprintf("    alphabetical:\n      order: %s\n", k.Alphabetical.Order)
	case k.Digest != nil:
		return fmt.Sprintf("    digest:\n      tag: %q\n", k.Digest.Tag)
	}
	return "    newest: {}\n"
}

func why(s policy.Suggestion) string {
	if s.Advice == "" {
		return s.Reason
	}
	return s.Reason + "; " + s.Advice
}

// some names the first files, as many as a line holds.
func some(files []string) string {
	shown, width := 0, 0
	for shown < len(files) && (shown == 0 || width+len(files[shown]) <= 80) {
		width += len(files[shown]) + 2
		shown++
	}
	switch rest := len(files) - shown; rest {
	case 0:
		return strings.Join(files, ", ")
	case 1:
		return strings.Join(files[:shown], ", ") + " and another file"
	default:
		return fmt.Sprintf("%s and %d more files", strings.Join(files[:shown], ", "), rest)
	}
}

// oneLine keeps what stands in a comment there: file names may hold anything.
func oneLine(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.Contains(text, "$imagepolicy") {
		return strconv.QuoteToASCII(strings.ReplaceAll(text, "$imagepolicy", "imagepolicy"))
	}
	return text
}

// plain writes a text without quotes where every YAML reader takes it for a text.
func plain(text string) string {
	words := []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
	if regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9._/:]*[A-Za-z0-9]$`).MatchString(text) && !slices.Contains(words, strings.ToLower(text)) {
		return text
	}
	return strconv.Quote(text)
}

func single(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
