package edit_test

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func TestSameImage(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"nginx", "nginx", true},
		{"nginx", "library/nginx", true},
		{"nginx", "docker.io/nginx", true},
		{"nginx", "docker.io/library/nginx", true},
		{"nginx", "index.docker.io/library/nginx", true},
		{"docker.io/acme/web", "acme/web", true},
		{"registry-1.docker.io/acme/web", "acme/web", true},
		{"registry-1.docker.io/library/nginx", "nginx", true},
		{"registry-1.docker.io/nginx", "nginx", false},
		{"Docker.IO/nginx", "nginx", true},
		{"docker.io:443/library/nginx", "nginx", false},
		{"localhost/library/nginx", "nginx", false},
		{"nginx:1.25", "docker.io/library/nginx:1.27", true},
		{"GHCR.io/acme/web", "ghcr.io/acme/web", true},
		{"LOCALHOST:5000/web", "localhost:5000/web", true},
		{"nginx", "acme/nginx", false},
		{"nginx", "ghcr.io/library/nginx", false},
		{"ghcr.io/acme/web", "quay.io/acme/web", false},
		{"ghcr.io/acme/web", "ghcr.io/acme/web2", false},
		{"ghcr.io/acme/web", "acme/web", false},
		{"localhost/web", "web", false},
		{"localhost:5000/web", "localhost:5001/web", false},
		{"localhost:5000/web", "localhost/web", false},
		{"registry.example.com/library/nginx", "registry.example.com/nginx", false},
		{"Not An Image", "Not An Image", true},
		{"Not An Image", "nginx", false},
		{"", "", true},
		{"", "nginx", false},
	}
	for _, tt := range tests {
		if got := edit.SameImage(tt.a, tt.b); got != tt.want {
			t.Errorf("SameImage(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
		if got := edit.SameImage(tt.b, tt.a); got != tt.want {
			t.Errorf("SameImage(%q, %q) = %v, want %v", tt.b, tt.a, got, tt.want)
		}
	}
}

// The registry half resolves names by go-containerregistry; both must mean the
// same repository by the same name, or an update would go to another image.
func TestSameImageAgreesWithRegistryClient(t *testing.T) {
	names := []string{
		"nginx", "library/nginx", "docker.io/nginx", "docker.io/library/nginx", "index.docker.io/nginx",
		"acme/nginx", "docker.io/acme/nginx", "ghcr.io/acme/nginx", "localhost:5000/nginx", "localhost/nginx",
		"a.b/c", "a/b.c", "127.0.0.1:5000/x", "example.com:443/library/nginx", "example.com/library/nginx",
	}
	for _, a := range names {
		for _, b := range names {
			ra, errA := name.NewRepository(a)
			rb, errB := name.NewRepository(b)
			if errA != nil || errB != nil {
				t.Fatalf("parsing %q and %q: %v, %v", a, b, errA, errB)
			}
			if got, want := edit.SameImage(a, b), ra.Name() == rb.Name(); got != want {
				t.Errorf("SameImage(%q, %q) = %v, want %v", a, b, got, want)
			}
		}
	}
}

// Image strings are taken apart as in distribution/reference; what has another
// form isn't a reference.
func TestImageStrings(t *testing.T) {
	const sum = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	tests := []struct {
		value              string
		image, tag, digest string
	}{
		{"nginx", "nginx", "", ""},
		{"nginx:1.25", "nginx", "1.25", ""},
		{"nginx@" + sum, "nginx", "", sum},
		{"nginx:1.25@" + sum, "nginx", "1.25", sum},
		{"localhost:5000/nginx", "localhost:5000/nginx", "", ""},
		{"localhost:5000/nginx:1", "localhost:5000/nginx", "1", ""},
		{"host.name:80/a/b_c/d__e/f--g.h:V_1.0-x", "host.name:80/a/b_c/d__e/f--g.h", "V_1.0-x", ""},
		{"Host/a:1", "Host/a", "1", ""},
		{"[fe80::1]:5000/a:1", "[fe80::1]:5000/a", "1", ""},
		{"[fe80::1]/a:1", "[fe80::1]/a", "1", ""},
		{"nginx:" + strings.Repeat("x", 128), "nginx", strings.Repeat("x", 128), ""},
		{"nginx@sha512+b64:" + strings.Repeat("a", 32), "nginx", "", "sha512+b64:" + strings.Repeat("a", 32)},
	}
	for _, tt := range tests {
		file, problems := edit.Parse("f.yaml", []byte(`image: "`+tt.value+`"`))
		refs := file.References()
		if len(problems) > 0 || len(refs) != 1 {
			t.Errorf("%q: %d references, problems %v; want one and none", tt.value, len(refs), problems)
			continue
		}
		if r := refs[0]; r.Image != tt.image || r.Tag != tt.tag || r.Digest != tt.digest {
			t.Errorf("%q: image %q, tag %q, digest %q; want %q, %q, %q",
				tt.value, r.Image, r.Tag, r.Digest, tt.image, tt.tag, tt.digest)
		}
	}
	for _, value := range []string{
		"Nginx", "nginx:", "nginx:-1", "nginx:.1", "nginx:a b", "nginx:" + strings.Repeat("x", 129), ":1", "a//b", "/a", "a/",
		"a/B", "a___b", "a..b", "-a", "a-", "_a", "a.", "http://a/b", "./a", "../a", "a.b:x/c", "a.b:/c", "-a.b/c", "a.b-/c", "a..b/c",
		"nginx@sha256:short", "nginx@sha256", "nginx@:" + strings.Repeat("a", 64), "nginx@+x:" + strings.Repeat("a", 64),
		"nginx@sha256:" + strings.Repeat("g", 64), "nginx@9:" + strings.Repeat("a", 64), "nginx@a_:" + strings.Repeat("a", 64),
		"nginx@a%:" + strings.Repeat("a", 64), "[::1/a", "[x]/a", "[::1]x/a", "[::1]:/a", "${A}", "a:${B}", strings.Repeat("a", 256), "é",
	} {
		file, _ := edit.Parse("f.yaml", []byte(`image: "`+value+`"`))
		if refs := file.References(); len(refs) != 0 {
			t.Errorf("%q was taken for the image %+v", value, refs[0])
		}
	}
}
