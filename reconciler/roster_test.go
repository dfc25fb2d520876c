package reconciler

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// slowServer answers after a minute with one Sync, which is named for the number of
// questions that had come until then. What is asked of "broken" fails.
type slowServer struct{ asked int }

func (s *slowServer) list(ctx context.Context, namespace string) ([]*v1.Sync, error) {
	s.asked++
	name := strconv.Itoa(s.asked)
	select {
	case <-time.After(time.Minute): // the bubble's time
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if namespace == "broken" {
		return nil, errors.New("no answer")
	}
	return []*v1.Sync{{ObjectMeta: metav1.ObjectMeta{Name: name}}}, nil
}

func (s *slowServer) roster() *roster {
	return newRoster(s.list, func() *readings { return &readings{} })
}

// answers collects what several callers were told.
type answers chan string

func (a answers) ask(ctx context.Context, r *roster, namespace string) {
	got, err := r.of(ctx, namespace)
	if err != nil {
		a <- err.Error()
		return
	}
	a <- got.syncs[0].Name
}

func TestRosterAsksAfterTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, told := &slowServer{}, make(answers, 9)
		r := server.roster()
		go told.ask(t.Context(), r, "shop")
		synctest.Wait() // the first question is under way
		for range 5 {
			go told.ask(t.Context(), r, "shop")
		}
		if first := <-told; first != "1" {
			t.Errorf("the first was told of question %s", first)
		}
		for range 5 {
			if got := <-told; got != "2" {
				t.Errorf("one who came while question 1 was under way was told of question %s", got)
			}
		}
		synctest.Wait()
		if server.asked != 2 || len(r.rounds) != 0 {
			t.Errorf("6 callers cost %d questions, and %d are still remembered", server.asked, len(r.rounds))
		}
	})
}

func TestRosterOutlivesWhoeverCameFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, told := &slowServer{}, make(answers, 9)
		r := server.roster()
		first, leave := context.WithCancel(t.Context())
		go told.ask(t.Context(), r, "shop")
		synctest.Wait()
		go told.ask(first, r, "shop")
		synctest.Wait()
		go told.ask(t.Context(), r, "shop") // takes part in the question of the one before
		synctest.Wait()
		leave()
		if got := <-told; got != context.Canceled.Error() {
			t.Errorf("who left was told %q", got)
		}
		if one, two := <-told, <-told; one != "1" || two != "2" {
			t.Errorf("the others were told of questions %s and %s", one, two)
		}
		alone, leave := context.WithCancel(t.Context())
		go told.ask(alone, r, "shop")
		synctest.Wait()
		leave()
		go told.ask(t.Context(), r, "shop")
		<-told
		if got := <-told; got != "4" {
			t.Errorf("who came after a question was called off was told of question %s", got)
		}
	})
}

func TestRosterKeepsNamespacesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, told := &slowServer{}, make(answers, 9)
		r := server.roster()
		go told.ask(t.Context(), r, "broken")
		synctest.Wait()
		go told.ask(t.Context(), r, "shop") // doesn't wait for the other's
		got := []string{<-told, <-told}
		slices.Sort(got)
		if !slices.Equal(got, []string{"2", "no answer"}) {
			t.Errorf("they were told %q", got)
		}
		if server.asked != 2 {
			t.Errorf("they cost %d questions", server.asked)
		}
	})
}
