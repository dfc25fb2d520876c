package gitwriter_test

import (
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter"
)

// TestWordsOfBodies: nothing is said twice, and nothing that says nothing.
func TestWordsOfBodies(t *testing.T) {
	for _, test := range []struct {
		name     string
		title    string
		from, to int64
		want     string
	}{
		{"the tag as the title", "v1.2.0", 0, 0, "<summary>web v1.2.0</summary>"},
		{"the version as the title", "1.2.0", 0, 0, "<summary>web v1.2.0</summary>"},
		{"the name and the version", "Web 1.2.0", 0, 0, "<summary>web v1.2.0</summary>"},
		{"a release and more", "Release 1.2.0: faster", 0, 0, "<summary>web v1.2.0: faster</summary>"},
		{"a dash", "v1.2.0 – faster", 0, 0, "<summary>web v1.2.0: faster</summary>"},
		{"another version", "1.2.0-rc.1", 0, 0, "<summary>web v1.2.0: 1.2.0-rc.1</summary>"},
		{"words alone", "Version 2 is near", 0, 0, "<summary>web v1.2.0: Version 2 is near</summary>"},
		{"hardly larger", "", 20_000_000, 20_030_000, "size: 20 MB, +30 kB\n"},
		{"larger", "", 20_000_000, 21_000_000, "size: 21 MB, +1.0 MB (+5 %)\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := gitwriter.BodyInput{Group: "web", Changes: []gitwriter.Change{change(func(c *gitwriter.Change) { c.To = "1.2.0" })}}
			in.Details = map[gitwriter.Step]gitwriter.Details{gitwriter.Steps(in.Changes)[0]: {
				From: gitwriter.ImageFacts{Size: test.from}, To: gitwriter.ImageFacts{Size: test.to},
				Releases: []gitwriter.Release{{Tag: "v1.2.0", Title: test.title}},
			}}
			body := strings.ReplaceAll(gitwriter.Body(in), "&zwnj;", "")
			if !strings.Contains(body, test.want) {
				t.Errorf("the body lacks %q:\n%s", test.want, body)
			}
		})
	}
}

// TestImagesAreToldApart: below the table an image goes by the last part of its name, if
// that isn't another one's, too.
func TestImagesAreToldApart(t *testing.T) {
	in := gitwriter.BodyInput{Group: "web"}
	for _, image := range []string{"ghcr.io/acme/web", "ghcr.io/other/web", "ghcr.io/acme/api"} {
		in.Changes = append(in.Changes, change(func(c *gitwriter.Change) { c.Image, c.Reason = image, "so it is" }))
	}
	body := gitwriter.Body(in)
	for _, want := range []string{"- <code>ghcr.io/acme/web</code>: so", "- <code>ghcr.io/other/web</code>: so", "- <code>api</code>: so"} {
		if !strings.Contains(body, want) {
			t.Errorf("the body lacks %q:\n%s", want, body)
		}
	}
}
