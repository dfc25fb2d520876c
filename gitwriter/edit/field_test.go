package edit_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func TestFields(t *testing.T) {
	tests := []struct {
		name   string
		fields []edit.Field
		data   string
		want   []string
		after  string // with every tag changed to 2.0
	}{
		{
			name:   "a whole image, by kind and group",
			fields: []edit.Field{{Group: "example.com", Kind: "Server", Path: "spec.server.picture"}},
			data: "apiVersion: example.com/v1\nkind: Server\nspec: {server: {picture: 'acme/web:1.0'}}\n---\n" +
				"apiVersion: example.org/v1\nkind: Server\nspec: {server: {picture: acme/web:1.0}}\n---\n" +
				"apiVersion: example.com/v1\nkind: Client\nspec: {server: {picture: acme/web:1.0}}\n",
			want: []string{"spec.server.picture acme/web 1.0"},
			after: "apiVersion: example.com/v1\nkind: Server\nspec: {server: {picture: 'acme/web:2.0'}}\n---\n" +
				"apiVersion: example.org/v1\nkind: Server\nspec: {server: {picture: acme/web:1.0}}\n---\n" +
				"apiVersion: example.com/v1\nkind: Client\nspec: {server: {picture: acme/web:1.0}}\n",
		},
		{
			name:   "lists, any key, and odd keys",
			fields: []edit.Field{{Path: `list[*].pictures.*`}, {Path: `odd["a.b/c"][]`}},
			data:   "list: [{pictures: {a: acme/web:1.0, b: oci://acme/web:1.0}}, {pictures: [acme/web:1.0]}]\nodd: {a.b/c: [acme/web:1.0, 5]}\n",
			want:   []string{"list[0].pictures.a acme/web 1.0", "list[0].pictures.b acme/web 1.0", `odd["a.b/c"][0] acme/web 1.0`},
			after:  "list: [{pictures: {a: acme/web:2.0, b: oci://acme/web:2.0}}, {pictures: [acme/web:1.0]}]\nodd: {a.b/c: [acme/web:2.0, 5]}\n",
		},
		{
			name:   "a name with its tag beside it",
			fields: []edit.Field{{Kind: "ScyllaCluster", Path: "spec.agentRepository", Tag: "agentVersion"}},
			data:   "kind: ScyllaCluster\nspec:\n  agentRepository: acme/web\n  agentVersion: 1.0\n",
			want:   []string{"spec.agentVersion acme/web 1.0"},
			after:  "kind: ScyllaCluster\nspec:\n  agentRepository: acme/web\n  agentVersion: \"2.0\"\n",
		},
		{
			name:   "a tag whose image the file doesn't name",
			fields: []edit.Field{{Path: "version", Image: "acme/web"}},
			data:   "version: v1\nother: {version: v1}\n",
			want:   []string{"version acme/web v1"},
			after:  "version: \"2.0\"\nother: {version: v1}\n",
		},
		{
			name:   "items of a List are objects",
			fields: []edit.Field{{Kind: "Agent", Path: "spec.picture"}},
			data:   "apiVersion: v1\nkind: List\nitems: [{kind: Agent, spec: {picture: acme/web:1.0}}]\n",
			want:   []string{"items[0].spec.picture acme/web 1.0"},
			after:  "apiVersion: v1\nkind: List\nitems: [{kind: Agent, spec: {picture: acme/web:2.0}}]\n",
		},
		{
			name:   "a field goes before what would be found, and a marker before a field",
			fields: []edit.Field{{Path: "a.image", Tag: "tag"}, {Path: "b.picture"}},
			data:   "a: {image: acme/web, tag: '1.0'}\nb:\n  picture: acme/web:1.0 # {\"$imagepolicy\": \"a:b\"}\n",
			want:   []string{"a.tag acme/web 1.0", "b.picture acme/web 1.0"},
			after:  "a: {image: acme/web, tag: '2.0'}\nb:\n  picture: acme/web:2.0 # {\"$imagepolicy\": \"a:b\"}\n",
		},
		{
			name:   "what is none",
			fields: []edit.Field{{Path: "a.b"}, {Path: "c[*]"}, {Path: "d.e", Tag: "f"}, {Path: "g", Image: "acme/web"}},
			data:   "a: [acme/web:1.0]\nc: {d: acme/web:1.0}\nd: {e: acme/web, f: [1]}\ng: [1]\na.b: acme/web:1.0\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			finder, err := edit.NewFinder(tt.fields...)
			if err != nil {
				t.Fatal(err)
			}
			file, problems := finder.Parse("f.yaml", []byte(tt.data))
			var got []string
			var changes []edit.Change
			for _, r := range file.References() {
				got = append(got, fmt.Sprintf("%s %s %s", r.Path, r.Image, r.Tag))
				changes = append(changes, edit.Change{Reference: r, Tag: "2.0"})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(problems) > 0 {
				t.Errorf("%v (-want +got):\n%s", problems, diff)
			}
			after, _, err := file.Rewrite(changes)
			if err != nil {
				t.Fatal(err)
			}
			if tt.after == "" {
				tt.after = tt.data
			}
			if diff := cmp.Diff(tt.after, string(after)); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFieldsThatCantBe(t *testing.T) {
	tests := []struct {
		field edit.Field
		want  string
	}{
		{edit.Field{}, `reading the field "": the path has no plain key before ""`},
		{edit.Field{Path: "a..b"}, `reading the field "a..b": the path has no plain key before ".b"`},
		{edit.Field{Path: "a."}, `reading the field "a.": the path has no plain key before ""`},
		{edit.Field{Path: "a[0]"}, `reading the field "a[0]": "[0]" begins with none of [*], [] and ["a key"]`},
		{edit.Field{Path: "a[*]b"}, `reading the field "a[*]b": a dot must stand before "b"`},
		{edit.Field{Path: `a["b`}, `reading the field "a[\"b": "[\"b" isn't ["a key"]`},
		{edit.Field{Path: "a b"}, `reading the field "a b": the path has no plain key before ""`},
		{edit.Field{Path: "a", Tag: "b", Image: "c"}, `reading the field "a": tag and image exclude each other`},
		{edit.Field{Path: "a[*]", Tag: "b"}, `reading the field "a[*]": with a tag beside it, the path must end in a key`},
		{edit.Field{Path: "a", Tag: "a"}, `reading the field "a": the tag can't stand in the same value`},
		{edit.Field{Path: "a", Image: "acme/web:1.0"}, `reading the field "a": "acme/web:1.0" isn't an image name without a tag`},
	}
	for _, tt := range tests {
		if _, err := edit.NewFinder(tt.field); err == nil || err.Error() != tt.want {
			t.Errorf("%+v: %v, want %s", tt.field, err, tt.want)
		}
	}
}

// What was found may be kept by fingerprint, so whatever differs must show in it.
func TestFingerprint(t *testing.T) {
	seen := map[string]edit.Field{}
	for _, field := range []edit.Field{
		{Path: "a"}, {Path: "b"}, {Path: "a", Kind: "K"}, {Path: "a", Group: "K"}, {Path: "a", Tag: "K"}, {Path: "a", Image: "k"}, {Path: `["a,b"]`},
	} {
		finder, err := edit.NewFinder(field)
		if err != nil {
			t.Fatal(err)
		}
		mark := finder.Fingerprint()
		if other, ok := seen[mark]; ok || mark == (edit.Finder{}).Fingerprint() {
			t.Errorf("%+v has the fingerprint of %+v", field, other)
		}
		seen[mark] = field
	}
}

// A filter by the images' names alone would pass over files that don't name them.
func TestUnnamed(t *testing.T) {
	finder, err := edit.NewFinder(
		edit.Field{Path: "spec.version", Image: "docker.io/library/nginx"}, edit.Field{Path: "spec.*[*]", Image: "nginx"},
		edit.Field{Path: "spec.other", Image: "acme/web"}, edit.Field{Path: "spec.picture"},
	)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"version", "spec"}, finder.Unnamed("nginx")); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if !edit.NewMentions([]string{"nginx"}, nil, finder.Unnamed("nginx")...).In([]byte("spec: {version: v1}")) {
		t.Error("a file whose field gives the image isn't looked into")
	}
}

// A digest that is left beside another tag would go on to decide what runs.
func TestFieldsWithADigestBeside(t *testing.T) {
	const old, next = "sha256:11111111111111111111111111111111", "sha256:22222222222222222222222222222222"
	finder, err := edit.NewFinder(edit.Field{Path: "a.name", Tag: "version"}, edit.Field{Path: "b.version", Image: "acme/web"})
	if err != nil {
		t.Fatal(err)
	}
	data := "a: {name: acme/web, version: v1, digest: " + old + "}\nb: {digest: " + old + ", version: v1}\n"
	file, _ := finder.Parse("f.yaml", []byte(data))
	var changes []edit.Change
	for _, r := range file.References() {
		if _, _, err := file.Rewrite([]edit.Change{{Reference: r, Tag: "v2"}}); err == nil {
			t.Errorf("%s: the digest is that of another tag, and nothing says so", r.Path)
		}
		changes = append(changes, edit.Change{Reference: r, Tag: "v2", Digest: next})
	}
	after, _, err := file.Rewrite(changes)
	want := "a: {name: acme/web, version: v2, digest: " + next + "}\nb: {digest: " + next + ", version: v2}\n"
	if diff := cmp.Diff(want, string(after)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	file, _ = finder.Parse("f.yaml", []byte("c: &c {digest: "+old+"}\na: {<<: *c, name: acme/web, version: v1}\n"))
	if refs := file.References(); len(refs) > 0 {
		t.Errorf("with a digest by a merge key, %+v is found", refs)
	}
}
