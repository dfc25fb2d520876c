package edit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/towline-dev/towline/gitwriter/edit"
)

// FuzzShapes writes YAML that is mostly valid: each byte of the seed decides one
// thing about the next piece. It reaches the combinations of styles, properties,
// comments and line ends that random bytes seldom make.
func FuzzShapes(f *testing.F) {
	f.Add([]byte("0123456789"), "2.0")
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"), "1.10")
	f.Add([]byte("the quick brown fox jumps over the lazy dog"), "on")
	f.Add([]byte(strings.Repeat("\x05\x11\x22\xf3", 40)), "v1")
	f.Fuzz(func(t *testing.T, seed []byte, tag string) {
		s := &shaper{seed: seed, eol: "\n"}
		if s.choose(4) == 0 {
			s.eol = "\r\n"
		}
		if s.choose(6) == 0 {
			s.out.WriteString("\ufeff")
		}
		for s.more() {
			s.document()
		}
		data := []byte(s.out.String())
		file, problems := edit.Parse("kustomization.yaml", data)
		for _, p := range problems {
			if p.Kind != edit.ProblemMarker {
				return // now and then two pieces don't fit
			}
		}
		refs := file.References()
		changes := make([]edit.Change, len(refs))
		for i, r := range refs {
			changes[i] = edit.Change{Reference: r, Image: "nginx", Tag: tag}
		}
		after, edits, err := file.Rewrite(changes)
		if err != nil {
			return
		}
		checkUntouched(t, data, after, edits)
		checkShown(t, "kustomization.yaml", after, changes)
	})
}

type shaper struct {
	seed    []byte
	eol     string
	out     strings.Builder
	anchors int
	keys    int
}

func (s *shaper) more() bool { return len(s.seed) > 0 }

// choose takes the next byte of the seed for a decision among n.
func (s *shaper) choose(n int) int {
	if len(s.seed) == 0 {
		return 0
	}
	c := int(s.seed[0])
	s.seed = s.seed[1:]
	return c % n
}

func (s *shaper) pick(of ...string) string { return of[s.choose(len(of))] }

func (s *shaper) document() {
	if start := s.pick("---", "--- # c", "...\n---", "# only\n---"); s.out.Len() > 0 {
		s.out.WriteString(start + s.eol)
	}
	if s.choose(3) == 0 {
		s.out.WriteString("images:" + s.eol)
		for range 1 + s.choose(3) {
			s.out.WriteString("- name: nginx" + s.eol)
			s.out.WriteString("  newTag: " + s.properties() + s.scalar("  ", s.pick("1.25", "1.2.3", "on", "v1")) + s.eol)
		}
	}
	s.mapping("", 0)
}

func (s *shaper) mapping(indent string, depth int) {
	for range 1 + s.choose(4) {
		s.keys++
		switch s.choose(7) {
		case 0, 1, 2:
			s.out.WriteString(fmt.Sprintf("%sk%d:", indent, s.keys) + s.eol)
			s.out.WriteString(indent + "  " + s.pick("image", `"image"`, "'image'", "? image"+s.eol+indent+"  ") + ": " +
				s.properties() + s.scalar(indent+"  ", s.pick("nginx:1.25", "nginx", "docker.io/library/nginx:1.2")) + s.eol)
		case 3:
			s.out.WriteString(fmt.Sprintf("%sé%d: {a: %s, image: %s%s , z: [é, {image: %s}]}", indent, s.keys,
				s.pick("x", `"\u00e9"`, "'é😀'", "[1, 2]"), s.properties(), s.pick("nginx:1", `"nginx:1"`, "'nginx:1'"), s.pick("nginx:1", `"nginx\x3a1"`)) + s.comment() + s.eol)
		case 4:
			if s.anchors > 0 {
				fmt.Fprintf(&s.out, "%sk%d: {image: *a%d }%s%s", indent, s.keys, 1+s.choose(s.anchors), s.comment(), s.eol)
			}
		case 5:
			s.out.WriteString(fmt.Sprintf("%sk%d: ", indent, s.keys) + s.pick("|", ">", "|-", ">+", "|2", "> # {\"$imagepolicy\": \"a:b:tag\"}") + s.eol)
			s.out.WriteString(indent + "  text image: nginx:1 # {\"$imagepolicy\": \"a:b\"}" + s.eol + s.pick("", s.eol, indent+"   "+s.eol) + indent + "  more" + s.eol)
		default:
			if depth < 5 {
				s.out.WriteString(fmt.Sprintf("%sk%d:", indent, s.keys) + s.comment() + s.eol)
				s.mapping(indent+s.pick(" ", "  ", "    "), depth+1)
			}
		}
	}
}

func (s *shaper) properties() string {
	p := s.pick("", "", "", "!!str ", "&", "&!!str ", "!")
	if strings.HasPrefix(p, "&") {
		s.anchors++
		p = fmt.Sprintf("&a%d %s", s.anchors, p[1:])
	}
	if p == "!" {
		p = "! "
	}
	return p
}

func (s *shaper) scalar(indent, value string) string {
	var text string
	switch s.choose(7) {
	case 0:
		text = `"` + value + `"`
	case 1:
		text = `'` + value + `'`
	case 2:
		text = s.comment() + s.eol + indent + "   " + value
	case 3:
		return s.pick("|-", ">-", "|", "|-2") + s.comment() + s.eol + indent + "  " + value
	case 4:
		text = `"` + strings.ReplaceAll(value, "1", `\x31`) + `"`
	default:
		text = value
	}
	return text + s.comment()
}

func (s *shaper) comment() string {
	return s.pick("", "", " ", "\t", " # é", "\t\t#", ` # {"$imagepolicy": "a:b"}`, ` #{"$imagepolicy":"a:b:tag"}`, ` # {"$imagepolicy": "a:b:name"} x`)
}
