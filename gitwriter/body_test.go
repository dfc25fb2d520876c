package gitwriter_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/forge"
)

// day is in the year 2026.
func day(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 9, 30, 0, 0, time.UTC)
}

// forgeLinks are those of a forge at git.example.com.
func forgeLinks() forge.Links {
	return forge.Links{File: func(sha, path string, line int) string {
		return fmt.Sprintf("https://git.example.com/acme/deploy/src/commit/%s/%s#L%d", sha, path, line)
	}}
}

// fullBody is an update of which all is known.
func fullBody() gitwriter.BodyInput {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	web := change(func(c *gitwriter.Change) {
		c.To, c.Digest, c.Reason = "1.2.0", digest, "it is the highest that fits ^1.0.0"
	})
	again := web
	again.File, again.Line = "clusters/prod/web values.yaml", 40
	api := change(func(c *gitwriter.Change) {
		c.Image, c.From, c.To, c.Level, c.Reason = "ghcr.io/acme/api", "2024-01-02", "2024-02-01", "other", "it is the last by the alphabet"
	})
	return gitwriter.BodyInput{
		Group: "shop", Scope: "clusters/prod", Changes: []gitwriter.Change{web, again, api}, Commit: strings.Repeat("ab", 20), Now: day(5, 10),
		Earlier: map[string]string{"ghcr.io/acme/web": "1.1.0"}, Links: forgeLinks(),
		Intro:   "Ask [the shop's team](https://wiki.example) before merging.",
		Notices: []string{"redis 7.4.0 was moved back by Pat on 2026-05-01 in commit 0123abcd; a newer version or a release ends that"},
		Details: map[gitwriter.Step]gitwriter.Details{
			{Image: "ghcr.io/acme/web", From: "1.0.0", To: "1.2.0", Digest: digest}: {
				From:  gitwriter.ImageFacts{Platforms: []string{"linux/amd64", "linux/arm/v7"}, Size: 301_000_000},
				To:    gitwriter.ImageFacts{Platforms: []string{"linux/amd64", "linux/arm64"}, Size: 289_000_000},
				Since: day(5, 7), Signer: "https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1.2.0",
				Source: "https://github.com/acme/web", Compare: "https://github.com/acme/web/compare/v1.0.0...v1.2.0",
				Releases: []gitwriter.Release{
					{Tag: "v1.2.0", Title: "The fast one", URL: "https://github.com/acme/web/releases/tag/v1.2.0", At: day(5, 7),
						Notes: "## What's Changed\n* Start faster by @pat in https://github.com/acme/web/pull/12\n* Closes #5\n\n```\nweb --fast\n```\n"},
					{Tag: "v1.1.0", Title: "v1.1.0", URL: "https://evil.example/", At: day(4, 7)},
				},
				More: true,
			},
			{Image: "ghcr.io/acme/api", From: "2024-01-02", To: "2024-02-01"}: {
				Claimed: "https://git.unknown.example/api", Since: day(5, 10), To: gitwriter.ImageFacts{Size: 950},
			},
		},
	}
}

var updateGolden = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // a flag of the tests

// TestBodies shows bodies as they are.
func TestBodies(t *testing.T) {
	bare := fullBody()
	bare.Details, bare.Links, bare.Intro, bare.Notices, bare.Earlier, bare.Scope = nil, forge.Links{}, "", nil, nil, ""
	for name, in := range map[string]gitwriter.BodyInput{"full": fullBody(), "bare": bare} {
		t.Run(name, func(t *testing.T) {
			got, golden := gitwriter.Body(in), filepath.Join("testdata", "body", name+".md")
			if *updateGolden {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLargeBodies: what doesn't fit is left out as a whole, with a word on how much.
func TestLargeBodies(t *testing.T) {
	for _, test := range []struct {
		name     string
		images   int
		releases int
		notes    string
		more     []string
	}{
		{"images", 500, 0, "", []string{"…and 400 more; the commit's trailers list them.", "…and 4"}},
		{"notes", 1, 30, strings.Repeat("- a line\n", 400), []string{"…and 26 more of image-&zwnj;0.", "<p>… and more, left out here.</p>"}},
		{"both", 500, 3, strings.Repeat("word ", 2000), []string{"…and 3 more of image-"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := gitwriter.BodyInput{Group: "web", Details: map[gitwriter.Step]gitwriter.Details{}, Now: day(5, 1), State: "<!-- towline-state -->\nheld\n<!-- /towline-state -->\n"}
			for i := range test.images {
				in.Changes = append(in.Changes, change(func(c *gitwriter.Change) { c.Image = fmt.Sprintf("ghcr.io/acme/image-%d", i) }))
			}
			for _, step := range gitwriter.Steps(in.Changes) {
				d := gitwriter.Details{Source: "https://github.com/acme/web", To: gitwriter.ImageFacts{Size: 1000}}
				for range test.releases {
					d.Releases = append(d.Releases, gitwriter.Release{Tag: "v1", Notes: test.notes})
				}
				in.Details[step] = d
			}
			body := gitwriter.Body(in)
			checkBody(t, in, strings.TrimPrefix(body, in.State), test.images*test.releases)
			if !strings.HasPrefix(body, in.State) {
				t.Errorf("the body begins with %.80q", body)
			}
			for _, part := range append(test.more, "Merging is all there is to do") {
				if !strings.Contains(body, part) {
					t.Errorf("the body lacks %q:\n%s", part, body)
				}
			}
		})
	}
}
