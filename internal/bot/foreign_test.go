package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/bot"
)

// TestAnotherImageIsReplacedByOneThatPasses: a marker may give a reference to a policy
// of another image. Its digest is that of the other image, and what the tag stands for
// here was never in use, though the tag is the same.
func TestAnotherImageIsReplacedByOneThatPasses(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	digest := l.push("1.0.0", l.now.Add(-time.Hour))
	elsewhere := "@sha256:" + strings.Repeat("1", 64)
	for _, tt := range []struct{ name, spec, stands, want string }{
		{"without a gate", "", elsewhere, "1.0.0@" + digest},
		{"that passes", "platforms: [linux/amd64]", elsewhere, "1.0.0@" + digest},
		{"that passes, without a digest", "platforms: [linux/amd64]", "", "1.0.0"},
		{"that doesn't pass", "platforms: [linux/arm64]", elsewhere, ""},
		{"that doesn't pass, of the same digest", "pin: digest\n  platforms: [linux/arm64]", "@" + digest, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.files["app.yaml"] = file("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: app, namespace: x}\nspec:\n  image: " + l.image() +
				"\n  " + anyVersion + "\n  " + tt.spec + "\n---\nimage: other.example.com/app:1.0.0" + tt.stands + ` # {"$imagepolicy": "x:app"}` + "\n")
			var reader bot.Reader
			tree, err := reader.Read(l.files)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := tree.Plan(t.Context(), bot.Look{Tags: l.client.Round(), Knowledge: l.knowledge, Now: l.now})
			if err != nil || len(plan.Rows) != 1 || len(plan.Problems) > 0 {
				t.Fatalf("%+v, %v", plan, err)
			}
			files, _, _ := plan.Rewrite(func(bot.Row) bool { return true })
			_, got, _ := strings.Cut(string(files["app.yaml"]), "\nimage: "+l.image()+":")
			got, _, _ = strings.Cut(got, " ")
			if got != tt.want {
				t.Errorf("rewritten to %q, want %q (%s)", got, tt.want, plan.Rows[0].Choice.Reason)
			}
		})
	}
}

// TestADigestWithAMarkerOfItsOwnStays: while the tag stays, nobody has looked at what it
// stands for now.
func TestADigestWithAMarkerOfItsOwnStays(t *testing.T) {
	l := newLookout(t, bot.KnowledgeConfig{})
	l.push("1.0.0", l.now)
	l.files["app.yaml"] = file("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: app, namespace: x}\nspec:\n  image: " + l.image() +
		"\n  " + anyVersion + "\n  platforms: [linux/arm64]\n---\ntag: 1.0.0" + ` # {"$imagepolicy": "x:app:tag"}` +
		"\ndigest: sha256:" + strings.Repeat("1", 64) + ` # {"$imagepolicy": "x:app:digest"}` + "\n")
	var reader bot.Reader
	tree, err := reader.Read(l.files)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := tree.Plan(t.Context(), bot.Look{Tags: l.client.Round(), Knowledge: l.knowledge, Now: l.now})
	if err != nil || len(plan.Rows) != 2 {
		t.Fatalf("%+v, %v", plan, err)
	}
	if files, changes, _ := plan.Rewrite(func(bot.Row) bool { return true }); len(files) > 0 {
		t.Errorf("rewritten: %+v", changes)
	}
}
