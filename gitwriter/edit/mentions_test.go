package edit_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func TestMentions(t *testing.T) {
	policies := []edit.Marker{{Namespace: "flux-system", Name: "web"}}
	for _, test := range []struct {
		name   string
		images []string
		data   string
		want   bool
	}{
		{"the image", []string{"ghcr.io/acme/web"}, "image: ghcr.io/acme/web:1", true},
		{"with a digest", []string{"ghcr.io/acme/web"}, "image: ghcr.io/acme/web@sha256:00", true},
		{"at the end", []string{"nginx"}, "image: nginx", true},
		{"alone", []string{"nginx"}, "nginx", true},
		{"quoted", []string{"nginx"}, "image: 'nginx'", true},
		{"the default's long name", []string{"nginx"}, "image: docker.io/library/nginx:1", true},
		{"the default's short name", []string{"index.docker.io/library/nginx"}, "image: nginx:1", true},
		{"of another registry, which a parser must tell", []string{"ghcr.io/acme/web"}, "image: quay.io/acme/web", true},
		{"the registry apart", []string{"ghcr.io/acme/web"}, "registry: ghcr.io\nrepository: acme/web", true},
		{"the owner apart", []string{"ghcr.io/acme/web"}, "repository: ghcr.io/acme\nname: web", true},
		{"a chart by its name", []string{"ghcr.io/acme/charts/web"}, "chart: web\nversion: 1.0.0", true},
		{"in flow style", []string{"web"}, "{image: web, x: 1}", true},
		{"in JSON", []string{"a/web"}, `{"image":"a\/web:1"}`, true},
		{"behind an escape", []string{"web"}, `values: "image:\nweb"`, true},
		{"a later one of several", []string{"a/nginx", "a/web"}, "image: a/web", true},
		{"after a longer name", []string{"web"}, "image: web-2\nother: web", true},

		{"another image", []string{"ghcr.io/acme/web"}, "image: ghcr.io/acme/db:1", false},
		{"a longer name", []string{"web"}, "image: web-2", false},
		{"the end of a longer name", []string{"web"}, "image: my-web", false},
		{"in a longer name", []string{"web"}, "image: cobwebs", false},
		{"a name with a dot", []string{"web"}, "image: web.v2", false},
		{"in capitals", []string{"web"}, "name: WEB", false},
		{"nothing", []string{"web"}, "", false},
		{"one byte", []string{"web"}, "w", false},
		{"no image", nil, "image: web", false},
		{"escapes that spell no name", []string{"web"}, `text: "a\nb\t\"c\" \\d+ \\"`, false},

		{"a character by number", []string{"web"}, `image: "w\x65b"`, true},
		{"a character by number in JSON", []string{"web"}, `{"image":"w\u0065b"}`, true},
		{"a broken line", []string{"web"}, "image: \"we\\\n  b\"", true},
		{"a broken line of Windows", []string{"web"}, "image: \"we\\\r\n  b\"", true},
		{"a broken line in a text within a text", []string{"web"}, `values: "image: \"we\\\nb\""`, true},
		{"a name too short to tell", []string{"a/b"}, "x", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := edit.NewMentions(test.images, nil).In([]byte(test.data)); got != test.want {
				t.Errorf("In gives %v, want %v", got, test.want)
			}
		})
	}
	for data, want := range map[string]bool{
		`tag: 1 # {"$imagepolicy": "flux-system:web:tag"}`:  true,
		`tag: 1 # {"$imagepolicy": "flux-system:web"}`:      true,
		`tag: 1 # {"$imagepolicy": "flux-system:web-2"}`:    false,
		`tag: 1 # {"$imagepolicy": "other:web"}`:            false,
		`tag: 1 # {"$imagepolicy": "flux-system:\u0077eb"}`: true,
	} {
		if got := edit.NewMentions(nil, policies).In([]byte(data)); got != want {
			t.Errorf("In(%s) gives %v, want %v", data, got, want)
		}
	}
}

func TestMentionsInReader(t *testing.T) {
	m := edit.NewMentions([]string{"ghcr.io/acme/web"}, nil)
	for _, word := range []string{"acme/web", "\\x77", "acme/we", "\\\\n"} {
		for at := 256<<10 - 12; at < 256<<10+2; at++ {
			data := bytes.Repeat([]byte(" "), 600<<10)
			copy(data[at:], word)
			want := m.In(data)
			got, err := m.InReader(iotest.HalfReader(bytes.NewReader(data)))
			if err != nil || got != want {
				t.Fatalf("%q at %d: InReader gives %v, %v, want %v", word, at, got, err, want)
			}
		}
	}
	if _, err := m.InReader(iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Error("an error of the reader is swallowed")
	}
	if got, err := m.InReader(strings.NewReader("web")); err != nil || !got {
		t.Errorf("InReader of a short text gives %v, %v", got, err)
	}
}

// TestMentionsFindsAllOfTheGoldenCases: what Find finds, the filter lets through.
func TestMentionsFindsAllOfTheGoldenCases(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) { mentioned(t, c.file, c.before) })
	}
}

// FuzzMentions holds over any bytes what Mentions promises: where it says false, no
// reference is one of those that were asked for.
func FuzzMentions(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.file == "kustomization.yaml", c.before)
	}
	f.Add(false, []byte("image: \"a/w\\\n  \\x65b:1\""))
	f.Add(false, []byte("a: \"image:\\n  web\" # {\"$imagepolicy\": \"a\\u003ab\"}"))
	f.Fuzz(func(t *testing.T, kustomization bool, data []byte) {
		name := "manifest.yaml"
		if kustomization {
			name = "kustomization.yaml"
		}
		mentioned(t, name, data)
	})
}

func mentioned(t *testing.T, name string, data []byte) {
	t.Helper()
	for _, r := range (edit.Finder{}).Find(name, data).References {
		if r.Image != "" && !edit.NewMentions([]string{edit.CanonicalImage(r.Image)}, nil).In(data) {
			t.Errorf("%q isn't mentioned", r.Image)
		}
		if r.Source != nil && !edit.NewMentions([]string{"ghcr.io/acme/" + r.Source.Chart}, nil).In(data) {
			t.Errorf("the chart %q isn't mentioned", r.Source.Chart)
		}
		if r.Marker != nil && !edit.NewMentions(nil, []edit.Marker{*r.Marker}).In(data) {
			t.Errorf("the marker %q isn't mentioned", r.Marker)
		}
	}
}

// BenchmarkMentions is what a file costs that names none of twenty images.
func BenchmarkMentions(b *testing.B) {
	data := bytes.Repeat(deployment("        image: ghcr.io/acme/web:1.0.0\n"), 100)
	var images []string
	for _, name := range strings.Fields("nginx redis postgres api worker gateway billing search mail auth cart stock audit report export import sync relay proxy front") {
		images = append(images, "registry.example.com/team/"+name)
	}
	m := edit.NewMentions(images, nil)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if m.In(data) {
			b.Fatal("one of the images is mentioned")
		}
	}
}
