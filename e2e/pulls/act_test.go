package pulls_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
)

// actors are the commands by which something happens beside the bot. "as NAME" at the
// end says who does it; Alice, if nobody is named.
func (s *story) actors() map[string]func(args []string, input string) {
	return map[string]func([]string, string){
		"tags": s.publish, "clock": s.turnClock, "restart": s.restart,
		"merge": s.merge, "close": s.setState("closed"), "reopen": s.setState("open"),
		"comment": s.comment, "edit": s.edit, "push": s.push, "commit": s.commit, "delete-branch": s.deleteBranch,
		"branch": s.branch, "unlabel": s.unlabel, "status": s.status, "milestone": s.milestone, "strip": s.strip, "trouble": s.trouble, "tick": s.tick, "protect": s.protect,
	}
}

// who takes "as NAME" from the end of the arguments.
func who(args []string) (rest []string, login string) {
	if n := len(args); n >= 2 && args[n-2] == "as" {
		return args[:n-2], args[n-1]
	}
	return args, alice
}

// publish is `tags IMAGE VERSION…`.
func (s *story) publish(args []string, _ string) {
	s.Helper()
	s.want(args, 2)
	if err := s.registry.PushTags(args[0], args[1:]...); err != nil {
		s.Fatal(err)
	}
}

// turnClock is `clock DURATION`.
func (s *story) turnClock(args []string, _ string) {
	s.Helper()
	s.want(args, 1)
	by, err := time.ParseDuration(strings.TrimPrefix(args[0], "+"))
	if err != nil {
		s.Fatalf("%s: %v", s.at, err)
	}
	s.clock.turn(by)
}

// restart ends a bot; the next round starts it anew, without its state.
func (s *story) restart(args []string, _ string) {
	delete(s.bots, append(args, "bot")[0])
}

func pullPath(number int) string { return fmt.Sprintf("/pulls/%d", number) }

func (s *story) number(args []string) int {
	s.Helper()
	s.want(args, 1)
	n, err := strconv.Atoi(strings.TrimPrefix(args[0], "#"))
	if err != nil {
		s.Fatalf("%s: %v", s.at, err)
	}
	return n
}

// merge is `merge NUMBER [METHOD]`.
func (s *story) merge(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	method := "merge"
	if len(args) > 1 {
		method = args[1]
	}
	s.place.merge(s.T, login, s.number(args), method)
}

func (s *story) setState(state string) func([]string, string) {
	return func(args []string, _ string) {
		s.Helper()
		args, login := who(args)
		must(s.T, s.place, apiCall{method: http.MethodPatch, path: pullPath(s.number(args)), who: login, in: map[string]string{"state": state}})
	}
}

// comment is `comment NUMBER TEXT`, or with the text as input.
func (s *story) comment(args []string, input string) {
	s.Helper()
	args, login := who(args)
	text := strings.Join(args[1:], " ") + input
	must(s.T, s.place, apiCall{method: http.MethodPost, path: fmt.Sprintf("/issues/%d/comments", s.number(args)), who: login, in: map[string]string{"body": text}})
}

// edit is `edit NUMBER title|above TEXT`: another title, or a text above the body.
func (s *story) edit(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.want(args, 3)
	change := map[string]string{"title": args[2]}
	if args[1] == "above" {
		change = map[string]string{"body": args[2] + "\n\n" + pullOf(s.T, s.place, s.number(args)).Body}
	}
	must(s.T, s.place, apiCall{method: http.MethodPatch, path: pullPath(s.number(args)), who: login, in: change})
}

// strip is `strip NUMBER`: somebody takes the hidden comments out of a body.
func (s *story) strip(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	lines := slices.DeleteFunc(strings.Split(pullOf(s.T, s.place, s.number(args)).Body, "\n"), func(line string) bool { return strings.HasPrefix(line, "<!--") })
	must(s.T, s.place, apiCall{method: http.MethodPatch, path: pullPath(s.number(args)), who: login, in: map[string]string{"body": strings.Join(lines, "\n")}})
}

// push is `push NUMBER FILE TEXT`: a commit on a pull request's branch.
func (s *story) push(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.want(args, 3)
	s.place.commit(s.T, personsCommit{who: login, branch: pullOf(s.T, s.place, s.number(args)).branch(), message: "Mend " + args[1], files: map[string]string{args[1]: args[2] + "\n"}})
}

// commit is `commit FILE TEXT`: a commit on main.
func (s *story) commit(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.want(args, 2)
	s.place.commit(s.T, personsCommit{who: login, branch: "main", message: "Change " + args[0], files: map[string]string{args[0]: args[1] + "\n"}})
}

// deleteBranch is `delete-branch NAME`. Forges close its pull request; Gitea does so
// some time later.
func (s *story) deleteBranch(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.pushAs(login, ":refs/heads/"+args[0])
	open := func(p pullRequest) bool { return p.State == "open" && p.branch() == args[0] }
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for began := time.Now(); slices.ContainsFunc(pullsOf(s.T, s.place), open); <-again.C {
		if time.Since(began) > patience {
			s.Fatalf("%s: the pull request stays open", s.at)
		}
	}
}

// branch is `branch NAME FROM`: it is set to where another one is.
func (s *story) branch(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.want(args, 2)
	s.pushAs(login, "+refs/heads/"+args[1]+":refs/heads/"+args[0])
}

// unlabel is `unlabel NUMBER LABEL`.
func (s *story) unlabel(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.want(args, 2)
	name := args[1]
	if s.how.site.name() == "gitea" {
		for _, l := range pullOf(s.T, s.place, s.number(args)).Labels {
			if l.Name == name {
				name = strconv.FormatInt(l.ID, 10)
			}
		}
	}
	must(s.T, s.place, apiCall{method: http.MethodDelete, path: fmt.Sprintf("/issues/%d/labels/%s", s.number(args), name), who: login})
}

// status is `status NUMBER success|failure|pending`.
func (s *story) status(args []string, _ string) {
	s.Helper()
	args, login := who(args)
	s.want(args, 2)
	must(s.T, s.place, apiCall{
		method: http.MethodPost, path: "/statuses/" + pullOf(s.T, s.place, s.number(args)).Head.SHA, who: login,
		in: map[string]string{"state": args[1], "context": "ci/build", "description": "said by a story"},
	})
}

// milestone is `milestone TITLE`.
func (s *story) milestone(args []string, _ string) {
	s.Helper()
	s.want(args, 1)
	s.place.milestone(s.T, args[0])
}

// trouble is `trouble ROUTE STATUS`: our server fails at a route until the end of the
// next round.
func (s *story) trouble(args []string, _ string) {
	s.Helper()
	s.want(args, 2)
	ours, ok := s.place.(*ourPlace)
	status, err := strconv.Atoi(args[1])
	if err != nil || !ok {
		s.Fatalf("%s: it is for our server, with a status", s.at)
	}
	s.heal = ours.server.Inject(forgetest.Fault{Route: strings.Replace(args[0], " /", " /repos/{owner}/{repo}/", 1), Status: status})
}

// protect is `protect CHECK`: main of our server wants a check, and pull requests may be
// set to merge by themselves.
func (s *story) protect(args []string, _ string) {
	s.Helper()
	s.want(args, 1)
	ours, ok := s.place.(*ourPlace)
	if !ok {
		s.Fatalf("%s: it is for our server", s.at)
	}
	ours.repo.AllowAutomerge(true)
	ours.repo.Protect("main", forgetest.Protection{Checks: args})
}
