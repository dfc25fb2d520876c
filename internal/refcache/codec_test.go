package refcache_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/refcache"
)

type place struct {
	Line, Column int
	Name         string
}

type thing struct {
	Text   string
	Small  int8
	Is     bool
	Place  *place
	Places []place
	Nested [][]string
	At     place
}

func text(b []byte) string { return string(b) }

func TestCodec(t *testing.T) {
	for _, tt := range []struct {
		name string
		want thing
	}{
		{"nothing", thing{}},
		{"everything", thing{
			Text: "ä\x00\xff", Small: -128, Is: true, Place: &place{Line: -1, Column: 1 << 40},
			Places: []place{{}, {Name: "x"}}, Nested: [][]string{{"a"}, nil, {""}}, At: place{Line: 3},
		}},
		{"long", thing{Text: strings.Repeat("long", 10_000)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, err := refcache.Encode(nil, tt.want)
			if err != nil {
				t.Fatal(err)
			}
			var got thing
			if err := refcache.Decode(data, &got, text); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
			for at := range min(len(data), 200) {
				if err := refcache.Decode(data[:at], &thing{}, text); err == nil {
					t.Errorf("%d of %d bytes are decoded", at, len(data))
				}
			}
			if err := refcache.Decode(append(data, 0), &thing{}, text); err == nil {
				t.Error("a byte too many is decoded")
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, v := range map[string]any{
		"a map":                       struct{ M map[string]int }{},
		"an interface":                struct{ I any }{},
		"a field that isn't exported": struct{ hidden int }{1},
		"a float behind other values": []struct{ F float64 }{{1}},
		"a function":                  func() {},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := refcache.Encode(nil, v); err == nil {
				t.Error("it is encoded")
			}
		})
	}
}

func TestLayout(t *testing.T) {
	base := refcache.Layout(reflect.TypeFor[struct{ A []struct{ B string } }]())
	for name, other := range map[string]reflect.Type{
		"another name":    reflect.TypeFor[struct{ A []struct{ C string } }](),
		"another kind":    reflect.TypeFor[struct{ A []struct{ B int } }](),
		"a pointer to it": reflect.TypeFor[struct{ A *struct{ B string } }](),
		"one more":        reflect.TypeFor[struct{ A []struct{ B, C string } }](),
	} {
		if refcache.Layout(other) == base {
			t.Errorf("%s: the layouts are the same", name)
		}
	}
}
