package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/bot"
)

func BenchmarkLastMove(b *testing.B) {
	for _, n := range []int{200, 2000, 4900} {
		s := newStory(b)
		s.commit("Begin", podFile, pods("nginx:1.1.0"))
		s.commit("Back", podFile, pods("nginx:1.0.0"))
		s.many(n)
		repo := s.open(10_000)
		if _, err := repo.Fetch(b.Context(), "main"); err != nil {
			b.Fatal(err)
		}
		warm := bot.NewHistory(repo)
		for name, h := range map[string]func() bot.History{
			"cold": func() bot.History { return bot.NewHistory(repo) },
			"warm": func() bot.History { return warm },
		} {
			head, err := repo.Fetch(b.Context(), "main")
			if err != nil {
				b.Fatal(err)
			}
			ref := reference(b, repo, head, podFile, first)
			if _, _, err := warm.LastMove(b.Context(), head, ref); err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if m, ok, err := h().LastMove(b.Context(), head, ref); !ok || err != nil || m.From != "1.1.0" {
						b.Fatal(m, ok, err)
					}
				}
			})
		}
	}
}

func BenchmarkLastMoveDeepening(b *testing.B) {
	s := newStory(b)
	s.commit("Begin", podFile, pods("nginx:1.1.0"))
	s.commit("Back", podFile, pods("nginx:1.0.0"))
	s.many(2000)
	s.server.Git("deploy", "repack", "-adq")
	for b.Loop() {
		repo := s.open(1)
		if got, err := look(b, repo, bot.NewHistory(repo), podFile, first); got == nil || err != nil {
			b.Fatal(got, err)
		}
	}
}

// BenchmarkLastMoveBusyFile: the file itself changed all the time, for others' sake.
func BenchmarkLastMoveBusyFile(b *testing.B) {
	s := newStory(b)
	other := strings.Repeat("redis:7.0.0 ", 50)
	version := func(n int) string {
		return pods(append([]string{"nginx:1.0.0", fmt.Sprintf("busy:1.0.%d", n)}, strings.Fields(other)...)...)
	}
	s.commit("Begin", podFile, strings.Replace(version(0), "nginx:1.0.0", "nginx:1.1.0", 1))
	for n := range 200 {
		s.commit("Busy", podFile, version(n))
	}
	repo := s.open(10_000)
	for b.Loop() {
		if got, err := look(b, repo, bot.NewHistory(repo), podFile, first); got == nil || err != nil {
			b.Fatal(got, err)
		}
	}
}
