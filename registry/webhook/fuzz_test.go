package webhook_test

import (
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/registry/webhook"
)

// FuzzParse holds that whatever is sent, each push names a repository that a registry
// client takes, with a tag and a digest that it takes, and that none is named twice.
func FuzzParse(f *testing.F) {
	for _, body := range []string{ghcrBody, acrBody, quayBody, `{"events":[` + acrBody + `]}`, `{"type":"PUSH_ARTIFACT","event_data":` + harborData("1") + `}`} {
		for i := range webhook.Kinds() {
			f.Add(uint8(i), "", body)
			f.Add(uint8(i), "registry.example.com", body)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, registry, body string) {
		kinds := webhook.Kinds()
		header := http.Header{
			"Content-Type": {"application/json"}, "X-Github-Event": {"package"}, "X-Gitea-Event": {"package"},
			"Ce-Specversion": {"1.0"}, "Ce-Type": {"x.pushed"},
		}
		pushes, err := webhook.Parse(kinds[int(i)%len(kinds)], registry, header, []byte(body))
		if err != nil && len(pushes) > 0 {
			t.Fatalf("both pushes and an error: %v", err)
		}
		known := map[webhook.Push]bool{}
		for _, p := range pushes {
			if known[p] {
				t.Errorf("%v comes twice", p)
			}
			known[p] = true
			if _, err := name.NewRepository(p.Repository); err != nil {
				t.Errorf("%q isn't a repository: %v", p.Repository, err)
			}
			if _, err := name.NewTag(p.Repository + ":" + p.Tag); p.Tag != "" && err != nil {
				t.Errorf("%q isn't a tag: %v", p.Tag, err)
			}
			if _, err := name.NewDigest(p.Repository + "@" + p.Digest); p.Digest != "" && err != nil {
				t.Errorf("%q isn't a digest: %v", p.Digest, err)
			}
		}
	})
}
