package line_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

// TestCrashOutside is TestCrash with the real program, killed from outside while the
// forge deals with one of its requests.
func TestCrashOutside(t *testing.T) {
	t.Parallel()
	program := testbed.Towline(t)
	fetch, push, create := gitRequest("git-upload-pack"), gitRequest("git-receive-pack"), post("/pulls")
	for _, at := range []struct {
		name string
		moment
		left killed
	}{
		{"before the fetch is answered", moment{fetch, unserved}, killed{}},
		{"halfway through the fetch", moment{fetch, halfAnswered}, killed{}},
		{"before the push is taken", moment{push, unserved}, killed{}},
		{"after the push, before its answer", moment{push, served}, killed{pushed: true}},
		{"before the pull request is opened", moment{create, unserved}, killed{pushed: true}},
		{"after the pull request is opened, before the answer", moment{create, served}, killed{pushed: true, pulls: 1}},
		{"before the labels are set", moment{post("/labels"), unserved}, killed{pushed: true, pulls: 1}},
	} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, program)
			l.publish("1.2.0")
			l.killAt(at.moment)
			l.wantForge(at.left)
			l.botOnce("kept")
			l.wantUpdate("1.2.0", "dependencies")
			l.wantSettled("kept")
		})
	}
}

// moment is a point in the life of a request.
type moment struct {
	of   func(*http.Request) bool
	when progress
}

// progress is how far the forge has got with a request.
type progress int

const (
	unserved     progress = iota // it has come, and will have no effect
	served                       // it has taken effect, and nothing is answered
	halfAnswered                 // half of the answer is sent
)

// gitRequest admits the requests by which Git fetches or pushes.
func gitRequest(service string) func(*http.Request) bool { return post(".git/" + service) }

func post(suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, suffix)
	}
}

// killAt runs a round of the real bot, and kills it at the moment.
func (l *line) killAt(m moment) {
	l.Helper()
	cmd, said := l.command(l.program, "bot", "--config", l.botConfig("kept", ""), "--once")
	started, dead := make(chan *os.Process, 1), make(chan struct{})
	var reached atomic.Bool
	l.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if !m.of(r) || reached.Swap(true) {
			return false
		}
		l.serve(w, r, m.when)
		if err := (<-started).Kill(); err != nil {
			l.Errorf("killing the bot: %v", err)
		}
		<-dead
		return true
	})
	defer l.onRequest(nil)
	if err := cmd.Start(); err != nil {
		l.Fatal(err)
	}
	started <- cmd.Process
	err := cmd.Wait()
	close(dead)
	if !testbed.BySIGKILL(err) {
		l.Fatalf("the bot ended with %v, want it killed\n%s", err, said)
	}
}

// serve deals with a request as far as wanted.
func (l *line) serve(w http.ResponseWriter, r *http.Request, until progress) {
	if until == unserved {
		drain(r)
		return
	}
	answer := httptest.NewRecorder()
	l.forge.ServeHTTP(answer, r)
	if until == served {
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
	if err := http.NewResponseController(w).Flush(); err != nil {
		l.Errorf("sending half of an answer: %v", err)
	}
}
