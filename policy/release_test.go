package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

func TestReleasedAndLabels(t *testing.T) {
	const file = `apiVersion: towline.dev/v1
kind: ImagePolicy
metadata: {name: app, annotations: {towline.dev/release: "1.3.0  1.4.0-rc.1", towline.dev/prune: disabled, example.com/release: "2.0.0"}}
spec:
  image: registry.example.com/app
  policy: {semver: {range: "*"}}
  update: {labels: [Security, "my team"]}
`
	policies, err := policy.Parse("f", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	p := policies[0]
	for tag, want := range map[string]bool{"1.3.0": true, "1.4.0-rc.1": true, "1.4.0": false, "2.0.0": false, "": false} {
		if got := p.Released(tag); got != want {
			t.Errorf("Released(%q) = %t, want %t", tag, got, want)
		}
	}
	labels := p.Labels()
	labels[0] = "changed"
	if diff := cmp.Diff([]string{"Security", "my team"}, p.Labels()); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}
