package reconciler

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
)

// scramble is places, and who holds them by name.
type scramble struct {
	*testing.T
	*places
	release map[string]func()
}

// want has somebody ask for a place.
func (s *scramble) want(name, server string, namespaces ...string) {
	go func() {
		if release, err := s.take(s.Context(), server, namespaces); err == nil {
			s.release[name] = release
		}
	}()
	synctest.Wait()
}

func (s *scramble) holds(name string, want bool) {
	s.Helper()
	if got := s.release[name] != nil; got != want {
		s.Errorf("%s has a place: %t, want %t", name, got, want)
	}
}

// back returns a place.
func (s *scramble) back(name string) {
	release := s.release[name]
	delete(s.release, name)
	release()
	synctest.Wait()
}

func scrambled(t *testing.T, n int, test func(*scramble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(&scramble{T: t, places: newPlaces(n), release: map[string]func(){}})
	})
}

func TestAServerThatHangsLeavesPlaces(t *testing.T) {
	scrambled(t, 8, func(s *scramble) {
		for i := range 9 {
			s.want("slow "+strconv.Itoa(i), "slow.example", "shop")
		}
		s.holds("slow 5", true)
		s.holds("slow 6", false)
		s.want("same namespace", "git.example", "shop")
		s.holds("same namespace", true)
		s.want("same namespace again", "other.example", "shop")
		s.holds("same namespace again", false) // the last place is for other namespaces
		s.want("other namespace", "slow.example", "billing")
		s.holds("other namespace", true)
		s.want("third namespace", "git.example", "search")
		s.holds("third namespace", false)
		s.back("other namespace")
		s.holds("third namespace", true) // though others have waited for longer
		s.back("same namespace")
		s.holds("same namespace again", false)
		s.back("third namespace")
		s.holds("same namespace again", true)
		s.back("slow 0")
		s.holds("slow 6", false)
		s.back("same namespace again")
		s.holds("slow 6", true)
	})
}

func TestASharedRepositoryCountsForWhoHoldsLeast(t *testing.T) {
	scrambled(t, 8, func(s *scramble) {
		for i := range 7 {
			s.want("hostile "+strconv.Itoa(i), strconv.Itoa(i)+".example", "hostile")
		}
		s.holds("hostile 6", true) // another server each
		s.want("hostile 7", "7.example", "hostile")
		s.holds("hostile 7", false)
		s.want("shared", "git.example", "hostile", "platform")
		s.holds("shared", true)
	})
}

func TestWhoGivesUpLeavesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(1)
		release, err := p.take(t.Context(), "git.example", []string{"shop"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error)
		go func() {
			_, err := p.take(ctx, "git.example", []string{"shop"})
			gaveUp <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gaveUp; err == nil {
			t.Error("a place was granted twice")
		}
		release()
		if release, err = p.take(t.Context(), "git.example", []string{"shop"}); err != nil {
			t.Fatal(err)
		}
		release()
		if p.free != 1 || len(p.held) != 0 || len(p.line) != 0 {
			t.Errorf("all is returned, and there are %d free places, %d holders, %d in line", p.free, len(p.held), len(p.line))
		}
	})
}
