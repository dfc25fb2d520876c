package registry_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/registry"
)

// FuzzListBody holds the reader of lists against encoding/json: of every body that
// is an object with at most one list of tags, both read the same; what the one
// refuses, the other does.
func FuzzListBody(f *testing.F) {
	for _, body := range []string{
		`{"name":"app","tags":["1","2"]}`, ` {"tags" : [ "a" , "b" ] , "x" : {"y":[1,2,{"z":null}]} } `, `{"tags":null}`, `{}`,
		`{"tags":["a\/b","a\nb","c"]}`, `{"Tags":["1"]}`, `{"tags":["1",2]}`, `{"tags":["1",]}`, `{"tags":["1"]`, `{"tags":["1"]} x`, `{"a":"b"}`, `{"tags":[null]}`,
	} {
		f.Add(body)
	}
	grammar := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	f.Fuzz(func(t *testing.T, body string) {
		ascii := strings.IndexFunc(body, func(r rune) bool { return r > 0x7e }) < 0
		if !ascii || strings.Contains(body, `\u`) || strings.Count(strings.ToLower(body), "tags") > 1 || !strings.HasPrefix(strings.TrimSpace(body), "{") {
			return // further lists of tags may hide in it, of which encoding/json takes the last
		}
		var plain struct{ Tags []string }
		wantErr := json.NewDecoder(strings.NewReader(body)).Decode(&plain)
		want := slices.DeleteFunc(plain.Tags, func(tag string) bool { return !grammar.MatchString(tag) })
		slices.Sort(want)
		want = slices.Compact(want)

		client, _ := newClient(t, "reg.test", func(c *registry.Config) { c.Transport = registryOf(body) })
		got, err := client.Tags(t.Context(), "reg.test/app")
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("error %v, encoding/json's %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err == nil && diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
	})
}
