package pulls_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

// trouble is a way in which a forge fails at a call.
type trouble struct {
	name  string
	fault forgetest.Fault
	slow  bool // the bot has little patience
	rare  bool // it is tried at the calls that matter most alone
}

// troubles are what a forge may do to any call: before it takes effect, or afterwards.
// What is taken for one of the others by then is rare.
func troubles() []trouble {
	refusal := `{"message": "A fault was asked for."}`
	later := http.Header{"Retry-After": {"60"}}
	return []trouble{
		{name: "403", fault: forgetest.Fault{Status: http.StatusForbidden, Body: refusal}},
		{name: "404", fault: forgetest.Fault{Status: http.StatusNotFound, Body: refusal}},
		{name: "422", fault: forgetest.Fault{Status: http.StatusUnprocessableEntity, Body: refusal}},
		{name: "429", fault: forgetest.Fault{Status: http.StatusTooManyRequests, Header: later, Body: `{"message": "Too many requests."}`}},
		{name: "500", fault: forgetest.Fault{Status: http.StatusInternalServerError, Body: refusal}},
		{name: "502 after effect", fault: forgetest.Fault{Status: http.StatusBadGateway, AfterEffect: true, Body: "<html>Bad gateway</html>"}},
		{name: "nonsense", fault: forgetest.Fault{Status: http.StatusOK, Body: `<html>Sign in`}},
		{name: "cut off after effect", fault: forgetest.Fault{Cut: true}},
		{name: "401", rare: true, fault: forgetest.Fault{Status: http.StatusUnauthorized, Body: refusal}},
		{name: "409", rare: true, fault: forgetest.Fault{Status: http.StatusConflict, Body: refusal}},
		{name: "cut off before effect", rare: true, fault: forgetest.Fault{Status: http.StatusOK, Body: `[{"number": 1, "title": "cut`, Cut: true}},
		{name: "slow", rare: true, slow: true, fault: forgetest.Fault{Delay: 600 * time.Millisecond, Status: http.StatusOK}},
	}
}

// proposes tells whether a route makes or changes what is proposed: these see the rare
// troubles, too.
func proposes(route string) bool {
	return route == forgetest.RouteGitPush || strings.HasSuffix(route, "/pulls") && strings.HasPrefix(route, "POST") || strings.HasPrefix(route, "PATCH")
}

// TestTroubleAtEveryCall holds that whatever a forge does to whichever call, the state
// is that of a life without trouble once it is over: nothing is lost, nothing is done
// twice. Each kind of call that a life without trouble makes fails in each way, in each
// of its rounds.
func TestTroubleAtEveryCall(t *testing.T) {
	t.Parallel()
	routes, want := lifeWithoutTrouble(t)
	if len(routes) < 5 {
		t.Fatalf("a life without trouble makes these calls only: %q", routes)
	}
	t.Logf("the calls are %q", routes)
	for _, route := range routes {
		for _, tr := range troubles() {
			if tr.rare && !proposes(route) {
				continue
			}
			t.Run(route+"/"+tr.name, func(t *testing.T) {
				t.Parallel()
				l := newLife(t, tr)
				tr.fault.Route = route
				got := l.live(func(round func()) {
					heal := l.server.Inject(tr.fault)
					round()
					heal()
					l.clock.turn(2 * time.Hour) // longer than a forge asks to wait
					round()
				})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the state after trouble (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// life is a story with rounds in which something may go wrong.
type life struct {
	*story
	server *forgetest.Server
}

func newLife(t *testing.T, tr trouble) *life {
	t.Helper()
	how := telling{site: ourServer{}}
	if tr.slow {
		how.timeout = 250 * time.Millisecond
	}
	l := &life{story: newStory(t, how)}
	ours, ok := l.place.(*ourPlace)
	if !ok {
		t.Fatal("the place isn't ours")
	}
	l.server = ours.server
	return l
}

// lifeWithoutTrouble gives the routes that a bot uses, and how it ends.
func lifeWithoutTrouble(t *testing.T) (routes []string, end string) {
	t.Helper()
	l := newLife(t, trouble{})
	end = l.live(func(round func()) {
		l.server.ForgetRequests()
		round()
		for _, r := range l.server.Requests() {
			if !slices.Contains(routes, r.Route) {
				routes = append(routes, r.Route)
			}
		}
		round()
	})
	return routes, end
}

// live tells the life of three updates; rounds are done as asked.
func (l *life) live(rounds func(round func())) string {
	l.Helper()
	for line := range strings.Lines(lifeStory) {
		p, err := parseCommand(strings.TrimSpace(line))
		if err != nil {
			l.Fatal(err)
		}
		p.input = map[string]string{"config": lifeConfig}[p.args[0]]
		l.at = p.text
		if p.text == "round" {
			l.flush()
			rounds(func() { l.round(nil) })
		} else {
			l.do(p)
		}
	}
	return l.plain(l.tellPulls(nil) + l.tellBranches(nil) + l.tellTree(nil))
}

const lifeConfig = "labels: [images]\nassignees: [bob]\n"

// lifeStory has each call that a bot makes: pull requests are opened, moved, closed by a
// person and by the bot, merged, held; branches are deleted.
const lifeStory = `config
policy web
policy db
policy api
uses web.yaml web 1.0.0
uses db.yaml db 1.0.0
uses api.yaml api 1.0.0
tags web 1.0.0 1.1.0
tags db 1.0.0 1.1.0
tags api 1.0.0 1.1.0
round
tags web 1.2.0
commit README.md Moved.
comment 1 "/towline hold" as bob
comment 1 "/towline dance" as mallory
round
close 2
merge 3
uses api.yaml api 1.1.0
comment 1 "/towline release" as alice
round
uses db.yaml db 1.1.0
tags web 1.3.0
tags db 1.2.0
round
`
