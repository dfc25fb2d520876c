package pulls_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry/registrytest"
)

// TestStories tells every story to our server.
func TestStories(t *testing.T) {
	t.Parallel()
	tellAll(t, "*.txt", telling{site: ourServer{}, words: []string{"github", "kept"}, update: *update})
}

// TestStoriesWithoutState tells them to a bot that is started anew for each round, and
// finds no state of its own: all that it has to know stands in Git and at the forge.
func TestStoriesWithoutState(t *testing.T) {
	t.Parallel()
	tellAll(t, "*.txt", telling{site: ourServer{}, words: []string{"github"}, forgetful: true})
}

// TestStoriesOnGitea tells them to a Gitea.
func TestStoriesOnGitea(t *testing.T) {
	t.Parallel()
	tellAll(t, "*.txt", telling{site: newRealGitea(t), words: []string{"gitea", "kept"}})
}

// telling is how a story is told.
type telling struct {
	site      site
	words     []string // commands for others are passed over
	forgetful bool     // bots lose their state after each round
	update    bool     // the file is rewritten

	timeout time.Duration // of bots' calls; 0 for patience
}

// shows leaves out of a text why something was closed: who has forgotten what was
// proposed knows less about that.
func (how telling) shows(text string) string {
	if !how.forgetful {
		return text
	}
	return regexp.MustCompile(`(?m)((?:^closed|^held) [^:]*|\*\*Closed\*\*|\*\*Nothing is left to do here\*\*): .*$`).ReplaceAllString(text, "$1")
}

func tellAll(t *testing.T, pattern string, how telling) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			tell(t, file, how)
		})
	}
}

func tell(t *testing.T, file string, how telling) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := parseScript(string(data))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(text) > 0 && strings.HasPrefix(text[0].remark, "# only ") {
		if only := strings.Fields(text[0].remark)[2]; !slices.Contains(how.words, only) {
			t.Skipf("it is a story for %s only", only)
		}
	}
	s := newStory(t, how)
	for i, p := range text {
		if p.text == "" || !p.fits(how.words) {
			continue
		}
		s.at = fmt.Sprintf("%s:%d: %s", file, p.line, p.text)
		got := s.do(p)
		if diff := cmp.Diff(how.shows(p.output), how.shows(got)); diff != "" && !how.update {
			t.Errorf("%s (-want +got):\n%s", s.at, diff)
		}
		text[i].output = got
	}
	if how.update && !t.Failed() {
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// story is a place with its people, a registry, and bots.
type story struct {
	*testing.T
	how      telling
	at       string // the command, for messages
	clock    *clock
	place    place
	registry *registrytest.Server
	requests requestLog
	bots     map[string]*wired
	keys     map[string]string // hidden keys, by how the story names them
	heal     func()            // ends the forge's trouble; may be nil
	staged   personsCommit     // what Alice has not committed to main yet
}

func newStory(t *testing.T, how telling) *story {
	t.Helper()
	s := &story{T: t, how: how, clock: &clock{at: storyBegins()}, bots: map[string]*wired{}, keys: map[string]string{}}
	s.place = how.site.place(t, s.clock)
	s.registry = registrytest.New(t, registrytest.Options{})
	return s
}

// bot gives the bot of that name, started if it isn't running.
func (s *story) bot(name string) *wired {
	s.Helper()
	if s.bots[name] == nil {
		w, err := wire(wiring{places: []place{s.place}, registry: s.registry.Host(), clock: s.clock, state: s.state(), requests: &s.requests, timeout: s.how.timeout})
		if err != nil {
			s.Fatal(err)
		}
		s.bots[name] = w
	}
	return s.bots[name]
}

// state makes a folder for a bot's state.
func (s *story) state() string {
	s.Helper()
	dir, err := os.MkdirTemp(s.TempDir(), "state")
	if err != nil {
		s.Fatal(err)
	}
	return dir
}

// do carries a command out and gives what it prints.
func (s *story) do(p scriptPart) string {
	s.Helper()
	verb, args := p.args[0], p.args[1:]
	if stages := s.stagers()[verb]; stages != nil {
		stages(args, p.input)
		return ""
	}
	s.flush()
	if tells := s.tellers()[verb]; tells != nil {
		return s.plain(tells(args))
	}
	acts := s.actors()[verb]
	if acts == nil {
		s.Fatalf("%s: no such command", s.at)
	}
	s.clock.pass(time.Second)
	acts(args, p.input)
	s.clock.pass(time.Second)
	return ""
}

// want checks how many arguments there are.
func (s *story) want(args []string, atLeast int) {
	s.Helper()
	if len(args) < atLeast {
		s.Fatalf("%s: it wants %d arguments", s.at, atLeast)
	}
}
