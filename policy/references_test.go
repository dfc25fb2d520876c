package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

func TestReferences(t *testing.T) {
	at := func(line int) policy.Position { return policy.Position{File: "f", Line: line, Column: 5} }
	tests := []struct {
		name   string
		fields string
		want   []policy.ReferenceConfig
		err    string
	}{
		{
			name: "all forms",
			fields: `  - path: spec.imageName
  - {group: example.com, kind: Server, path: 'spec.servers[*].repository', tag: version}
  - {kind: Agent, path: spec.version, image: ghcr.io/acme/agent}
`,
			want: []policy.ReferenceConfig{
				{Path: "spec.imageName", At: at(5)},
				{Group: "example.com", Kind: "Server", Path: "spec.servers[*].repository", Tag: "version", At: at(6)},
				{Kind: "Agent", Path: "spec.version", Image: "ghcr.io/acme/agent", At: at(7)},
			},
		},
		{name: "no path", fields: "  - kind: Server\n", err: "f:5:5: spec.references[0].path: is missing (name the way to the value, such as spec.imageName)"},
		{name: "unknown field", fields: "  - {path: a, kinds: b}\n", err: `f:5:15: spec.references[0].kinds: unknown field (did you mean "kind"?)`},
		{name: "not a list", fields: "    path: a\n", err: "f:5:5: spec.references: wants a list, found a mapping"},
		{name: "empty path", fields: "  - {path: ''}\n", err: `f:5:12: spec.references[0].path: "" is not a path (write it like spec.imageName)`},
		{name: "empty kind", fields: "  - {path: a, kind: ''}\n", err: `f:5:21: spec.references[0].kind: "" is not a name (leave it out, or name one)`},
		{
			name: "tag and image", fields: "  - {path: a, tag: b, image: c}\n",
			err: "f:5:30: spec.references[0].image: excludes tag (tag is for an image whose name stands in the file, image for one whose tag alone does)",
		},
		{name: "too many", fields: strings.Repeat("  - path: a\n", 101), err: "f:5:3: spec.references: has more than 100 fields"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := policy.ParseUpdateConfig("f", []byte("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  references:\n"+tt.fields))
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got.References); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
