package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// What registries send as a list, plain or not, is read alike.
func TestListsAsTheyComeInTheWild(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	tests := []struct {
		name, body string
		want       []string
		fails      bool
	}{
		{name: "plain", body: `{"name":"app","tags":["1","2"]}`, want: []string{"1", "2"}},
		{name: "tags first", body: `{"tags":["1","2"],"name":"app"}`, want: []string{"1", "2"}},
		{name: "spaces", body: "\n{ \"name\" : \"app\" ,\r\n\t\"tags\" : [ \"1\" , \"2\" ] }\n", want: []string{"1", "2"}},
		{name: "none", body: `{"name":"app","tags":[]}`},
		{name: "null", body: `{"name":"app","tags":null}`},
		{name: "nothing said", body: `{"name":"app"}`},
		{name: "an empty object", body: `{}`},
		{name: "unsorted, doubled", body: `{"tags":["b","a","b","a"]}`, want: []string{"a", "b"}},
		{name: "escapes", body: `{"tags":["\u0031.0","b\/c","2"]}`, want: []string{"1.0", "2"}},
		{name: "escaped key", body: `{"\u0074ags":["1"]}`, want: []string{"1"}},
		{name: "capital key", body: `{"Tags":["1"]}`, want: []string{"1"}},
		{name: "further members", body: `{"child":[],"manifest":{"sha256:1":{"tag":["x"]}},"n":1.5e3,"ok":true,"deep":` + deep + `,"tags":["1"]}`, want: []string{"1"}},
		{name: "further members after", body: `{"tags":["1"],"child":{"tags":["no"]}}`, want: []string{"1"}},
		{name: "null among them", body: `{"tags":["1",null,"2"]}`, want: []string{"1", "2"}},
		{name: "more after the end", body: `{"tags":["1"]} {"tags":["2"]}`, want: []string{"1"}},
		{name: "broken UTF-8", body: "{\"tags\":[\"\xff\",\"1\"]}", want: []string{"1"}},
		{name: "no object", body: `["1"]`, fails: true},
		{name: "just null", body: `null`, fails: true},
		{name: "a number among them", body: `{"tags":["1",2]}`, fails: true},
		{name: "a list among them", body: `{"tags":["1",["2"]]}`, fails: true},
		{name: "an object of tags", body: `{"tags":{"1":{}}}`, fails: true},
		{name: "the end missing", body: `{"tags":["1","2"]`, fails: true},
		{name: "half a tag", body: `{"tags":["1","2`, fails: true},
		{name: "comma at the end", body: `{"tags":["1",]}`, fails: true},
		{name: "no comma", body: `{"tags":["1" "2"]}`, fails: true},
		{name: "a raw line break", body: "{\"tags\":[\"1\n\"]}", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := newClient(t, "reg.test", func(c *registry.Config) { c.Transport = registryOf(tt.body) })
			got, err := client.Tags(t.Context(), "reg.test/app")
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if !tt.fails && err != nil {
				t.Error(err)
			}
			if tt.fails {
				wantKind(t, err, registry.ErrBadAnswer)
			}
		})
	}
}

// Pages of any size are read to the end, whatever of n and last a registry heeds.
func TestPagesAsTheyComeInTheWild(t *testing.T) {
	tests := []struct {
		name  string
		pages map[string]string // by last: the tags
		links map[string]string // by last: the next last
		want  []string
	}{
		{name: "fewer than n", pages: map[string]string{"": `"1"`, "1": `"2"`, "2": `"3"`}, links: map[string]string{"": "1", "1": "2"}, want: []string{"1", "2", "3"}},
		{name: "an empty one in between", pages: map[string]string{"": `"1"`, "1": ``, "x": `"3"`}, links: map[string]string{"": "1", "1": "x"}, want: []string{"1", "3"}},
		{name: "an empty one at the end", pages: map[string]string{"": `"1"`, "1": ``}, links: map[string]string{"": "1"}, want: []string{"1"}},
		{name: "overlapping, unsorted", pages: map[string]string{"": `"3","1"`, "1": `"1","2"`}, links: map[string]string{"": "1"}, want: []string{"1", "2", "3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := registrytest.New(t, registrytest.Options{})
			server.AddFault(registrytest.Fault{Kinds: []registrytest.Kind{registrytest.KindTags}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				last := r.URL.Query().Get("last")
				if next, more := tt.links[last]; more {
					w.Header().Set("Link", fmt.Sprintf(`<%s?last=%s>; rel="next"`, r.URL.Path, next))
				}
				_, _ = fmt.Fprintf(w, `{"tags":[%s]}`, tt.pages[last])
			})})
			client, _ := newClient(t, server.Host(), nil)
			got, err := client.Tags(t.Context(), server.Host()+"/app")
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
