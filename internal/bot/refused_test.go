package bot_test

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What two policies want of a value that they share can't be written in two updates, also
// where both want the same: it is told, and not passed over.
func TestAValueThatTwoUpdatesShareIsRefused(t *testing.T) {
	const shared = "web: {repository: ghcr.io/acme/web, tag: &tag 1.0.0}\napi: {repository: ghcr.io/acme/api, tag: *tag}\n"
	for _, tt := range []struct {
		name, update string
		want         []string
		updates      int
	}{
		{"apart", "", []string{"shared.yaml:1:42: ", "shared.yaml:2:42: "}, 0},
		{"together", "  update: {group: all}", nil, 1},
		{"told of alone", "  update: {mode: notify}", nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tags := map[string][]string{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}, "ghcr.io/acme/api": {"1.0.0", "1.1.0"}}
			w := newWorld(t, fstest.MapFS{
				"shared.yaml": file(shared), "web.yaml": file(policyOf("web", "ghcr.io/acme/web", tt.update)), "api.yaml": file(policyOf("api", "ghcr.io/acme/api", tt.update)),
			}, tags)
			err := w.bot.Once(t.Context())
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %d errors", got, len(tt.want))
			}
			for i, want := range tt.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got %q, want %q in it", got[i], want)
				}
			}
			if previews := w.bot.Preview(t.Context()); len(previews[0].Updates) != tt.updates {
				t.Errorf("%d updates would be made, want %d: %+v", len(previews[0].Updates), tt.updates, previews)
			}
		})
	}
}
