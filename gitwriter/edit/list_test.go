package edit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func excludes() edit.List {
	return edit.List{Kind: "ImagePolicy", Name: "web", In: []string{"spec"}, Key: "exclude", After: "image"}
}

func TestAppend(t *testing.T) {
	const head = "# who: ops\napiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: web}   # ours\n"
	tests := []struct{ name, data, want string }{
		{
			name: "no list yet: behind the image",
			data: head + "spec:\n  image: acme/web  # the shop\n\n  policy: {semver: {range: '1.x'}}\n",
			want: head + "spec:\n  image: acme/web  # the shop\n  exclude: [\"1.2.0\"]\n\n  policy: {semver: {range: '1.x'}}\n",
		},
		{
			name: "no list yet, the image is the file's end, without a line break",
			data: head + "spec:\n    image: acme/web",
			want: head + "spec:\n    image: acme/web\n    exclude: [\"1.2.0\"]",
		},
		{
			name: "a list in brackets",
			data: head + "spec:\n  image: acme/web\n  exclude: ['1.0.0',  /rc/ ] # bad ones\n",
			want: head + "spec:\n  image: acme/web\n  exclude: ['1.0.0',  /rc/, \"1.2.0\" ] # bad ones\n",
		},
		{
			name: "an empty list",
			data: head + "spec: {image: acme/web, exclude: [ ]}\n",
			want: head + "spec: {image: acme/web, exclude: [\"1.2.0\" ]}\n",
		},
		{
			name: "a list of lines, not indented, with comments",
			data: head + "spec:\n  exclude:\n  - 1.0.0 # slow\n  -   \"1.1.0\" # crashes\n  # the image\n  image: acme/web\n",
			want: head + "spec:\n  exclude:\n  - 1.0.0 # slow\n  -   \"1.1.0\" # crashes\n  -   \"1.2.0\"\n  # the image\n  image: acme/web\n",
		},
		{
			name: "CRLF and a byte order mark",
			data: "\ufeffkind: ImagePolicy\r\nmetadata:\r\n  name: web\r\nspec:\r\n  image: acme/web\r\n",
			want: "\ufeffkind: ImagePolicy\r\nmetadata:\r\n  name: web\r\nspec:\r\n  image: acme/web\r\n  exclude: [\"1.2.0\"]\r\n",
		},
		{
			name: "one of several documents",
			data: "kind: ImagePolicy\nmetadata: {name: api}\nspec: {image: acme/api}\n---\n" + head + "spec:\n  image: acme/web\n--- # more\nkind: Service\n",
			want: "kind: ImagePolicy\nmetadata: {name: api}\nspec: {image: acme/api}\n---\n" + head + "spec:\n  image: acme/web\n  exclude: [\"1.2.0\"]\n--- # more\nkind: Service\n",
		},
		{
			name: "JSON",
			data: `{"kind": "ImagePolicy", "metadata": {"name": "web"}, "spec": {"image": "acme/web"}}`,
			want: `{"kind": "ImagePolicy", "metadata": {"name": "web"}, "spec": {"image": "acme/web", "exclude": ["1.2.0"]}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := excludes().Append("web.yaml", []byte(tt.data), "1.2.0")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	const head = "kind: ImagePolicy\nmetadata: {name: web}\n"
	tests := []struct{ name, data, value, want string }{
		{"no such object", "kind: ImagePolicy\nmetadata: {name: api}\nspec: {image: a}\n", "1.2.0", "doesn't hold this object"},
		{"another namespace", "kind: ImagePolicy\nmetadata: {name: web, namespace: shop}\nspec: {image: a}\n", "1.2.0", "doesn't hold this object"},
		{"twice", head + "spec: {image: a}\n---\n" + head + "spec: {image: a}\n", "1.2.0", "twice"},
		{"no image", head + "spec:\n  paths: [a]\n", "1.2.0", "there is no image"},
		{"an image over two lines", head + "spec:\n  image: \"a\\\n    b\"\n", "1.2.0", "spread over several lines"},
		{"no mapping", head + "spec: []\n", "1.2.0", "spec isn't a mapping"},
		{"a mapping that others use", head + "spec: &s {image: a}\nother: *s\n", "1.2.0", "spec isn't a mapping of its own"},
		{"a list that others use", head + "spec:\n  image: a\n  exclude: &e [b]\nother: *e\n", "1.2.0", "exclude isn't a list of its own"},
		{"no list", head + "spec: {image: a, exclude: b}\n", "1.2.0", "exclude isn't a list"},
		{"an empty value", head + "spec:\n  image: a\n  exclude:\n", "1.2.0", "exclude isn't a list"},
		{"items that are no texts", head + "spec:\n  exclude: [{a: b}]\n", "1.2.0", "isn't a plain value"},
		{"no YAML", "a: [", "1.2.0", "not valid YAML"},
		{"a key in a list", "- " + strings.ReplaceAll(head, "\n", "\n  ") + "spec:\n    image: a\n", "1.2.0", "doesn't hold this object"},
		{"no tag", head + "spec: {image: a}\n", "1.2.0\"]\nkind: Secret", "isn't a tag"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := excludes().Append("web.yaml", []byte(tt.data), tt.value)
			var refused *edit.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(refused.Reason, tt.want) || got != nil {
				t.Errorf("got %q, %v; want a refusal that says %q", got, err, tt.want)
			}
		})
	}
}

// Whatever a file holds: what comes out is the file with something put in at one place.
func FuzzAppend(f *testing.F) {
	for _, seed := range []string{
		"kind: ImagePolicy\nmetadata: {name: web}\nspec:\n  image: a\n", "{\"kind\": \"ImagePolicy\", \"metadata\": {\"name\": \"web\"}, \"spec\": {\"image\": \"a\", \"exclude\": []}}",
		"kind: ImagePolicy\nmetadata: {name: web}\nspec:\n  image: 'a'\n  exclude:\n  - b\n  - c # d\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		got, err := excludes().Append("f", []byte(data), "1.2.0")
		if err != nil {
			return
		}
		head := 0
		for head < len(data) && data[head] == got[head] {
			head++
		}
		added := len(got) - len(data)
		if added <= 0 || !strings.HasSuffix(string(got), data[head:]) {
			t.Errorf("%q became %q", data, got)
		}
	})
}
