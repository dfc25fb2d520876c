package chaos_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// of gives the requests of a verb.
func of(want string) func(*http.Request) bool {
	return func(r *http.Request) bool { return verb(r) == want }
}

// TestEachVerbTimesEachFault spoils all requests of one verb in one way while a set
// changes. A scene goes through all faults of a verb, one after the other.
func TestEachVerbTimesEachFault(t *testing.T) {
	for _, tt := range []struct {
		verb  string
		which func(*http.Request) bool
		idle  bool // nothing is known to make such requests: events are best effort, and discovery is remembered
	}{
		{verb: "apply", which: of("apply")},
		{verb: "delete", which: of("delete")},
		{verb: "get", which: of("get")},
		{verb: "dry run", which: of("dry run")},
		{verb: "inventory", which: of("inventory")},
		{verb: "status", which: of("status")},
		{verb: "claim", which: of("claim")},
		{verb: "event", which: of("event"), idle: true},
		{verb: "list", which: of("list")},
		{verb: "discovery", which: of("discovery"), idle: true},
		{verb: "impersonated", which: func(r *http.Request) bool { return r.Header.Get("Impersonate-User") != "" }},
		{verb: "every write", which: func(r *http.Request) bool { return r.Method != http.MethodGet }},
		{verb: "everything but watches", which: func(r *http.Request) bool { return r.URL.Query().Get("watch") == "" }},
	} {
		t.Run(tt.verb, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			files, _ := set(0)
			first := s.commit(files)
			s.newSync("app")
			s.awaitReady("app", first)
			s.wantState("at first", wanted(0))
			for i, fault := range faults() {
				s.goThrough(fault.name, i+1, tt.which, fault.spoil, tt.idle)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// lasting is how long a fault goes on after it was told of.
const lasting = 300 * time.Millisecond

// goThrough changes the set while a fault lasts, and holds what must hold meanwhile and after.
func (s *scene) goThrough(name string, n int, which func(*http.Request) bool, spoil spoiling, idle bool) {
	s.Helper()
	before, applies, told := s.owned(), s.proxy.count("apply", "/configmaps/still-"), len(s.log.String())
	s.proxy.harm(which, spoil)
	files, deletes := set(n)
	revision := s.commit(files, deletes...)
	words := s.awaitWords(revision, told)
	<-time.After(lasting)
	s.wantSame(name+", meanwhile", before, "changed", "still-0", "late")
	hits := s.proxy.heal()
	healed := time.Now()
	s.awaitReady("app", revision)
	s.Logf("%s: %d requests spoiled, well after %s; it said: %.300s", name, hits, time.Since(healed).Round(time.Millisecond), words)
	s.wantState(name, wanted(n))
	s.wantVisitor(name, n)
	s.wantSame(name, before, "changed", "still-0", "late")
	if again := s.proxy.count("apply", "/configmaps/still-") - applies; again > 0 {
		s.Errorf("%s: %d applies of what hadn't changed", name, again)
	}
	if hits == 0 && !idle {
		s.Errorf("%s: no request was spoiled", name)
	}
}

// awaitWords waits until the Sync or the log tells of trouble, and gives the words; or
// until the Sync is ready in spite of it.
func (s *scene) awaitWords(revision string, told int) string {
	s.Helper()
	words := ""
	s.eventually("word of trouble, or none of it", func() bool {
		sync := s.sync("app")
		if words = trouble(sync); words != "" {
			return true
		}
		if readyAt(sync, revision) {
			words = "nothing: it didn't matter"
			return true
		}
		for line := range strings.Lines(s.log.String()[told:]) {
			if strings.Contains(line, "level=WARN") {
				words = fmt.Sprintf("in the log: %s", line)
				return true
			}
		}
		return false
	})
	return words
}
