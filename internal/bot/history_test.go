package bot_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/bot"
)

const (
	podFile = "apps/web.yaml"
	first   = "spec.containers[0].image"
	second  = "spec.containers[1].image"
)

func TestLastMove(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		tell func(s *story)
		path string // default: first
		want *seen
	}{
		{"created", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.0.0"))
			s.commit("Elsewhere", "README", "x")
		}, "", nil},
		{"forward", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.0.0"))
			s.commit("Update\n\nBecause.", podFile, pods("nginx:1.1.0"))
			s.commit("Elsewhere", "README", "x")
		}, "", &seen{From: "1.0.0", To: "1.1.0", Subject: "Update"}},
		{"back", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.0.0"))
			s.commit(byBot("nginx", "1.0.0", "1.1.0"), podFile, pods("nginx:1.1.0"))
			s.commit("It fell over", podFile, pods("nginx:1.0.0"))
			s.commit("More", podFile, pods("nginx:1.0.0", "redis:7.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "It fell over"}},
		{"back, then forward", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit("It fell over", podFile, pods("nginx:1.0.0"))
			s.commit("Mended upstream", podFile, pods("nginx:1.2.0"))
		}, "", &seen{From: "1.0.0", To: "1.2.0", Subject: "Mended upstream"}},
		{"revert of the bot's update", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.0.0"))
			update := s.commit(byBot("nginx", "1.0.0", "1.1.0"), podFile, pods("nginx:1.1.0"))
			s.commit("Revert \"chore(deps): update nginx to 1.1.0\"\n\nThis reverts commit "+update+".\n", podFile, pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: `Revert "chore(deps): update nginx to 1.1.0"`}},
		{"revert that quotes the bot's trailers", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit("Revert\n\n"+byBot("nginx", "1.0.0", "1.1.0"), podFile, pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "Revert"}},
		{"moved back by the bot", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit(byBot("docker.io/library/nginx", "1.1.0", "1.0.0"), podFile, pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "chore(deps): update docker.io/library/nginx to 1.0.0", ByBot: true}},
		{"trailers of another image", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit(byBot("redis", "1.1.0", "1.0.0"), podFile, pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "chore(deps): update redis to 1.0.0"}},
		{"squashed by a forge", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit("Roll back (#12)\r\n\r\n* "+strings.ReplaceAll(byBot("nginx", "1.1.0", "1.0.0"), "\n", "\r\n")+
				"\r\n---------\r\n\r\nCo-authored-by: Alice <a@example.com>\r\n", podFile, pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "Roll back (#12)", ByBot: true}},
		{"merge commit of a person's branch", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.branch("fix")
			s.commitOn("fix", "Try something", podFile, pods("nginx:1.0.5"))
			s.commitOn("fix", "Better so", podFile, pods("nginx:1.0.0"))
			s.commit("Meanwhile", "README", "x")
			s.merge("fix", "Merge pull request #7\n\nfix")
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "Merge pull request #7"}},
		{"merge commit of the bot's branch", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.branch("towline/web")
			s.commitOn("towline/web", byBot("nginx", "1.1.0", "1.0.0"), podFile, pods("nginx:1.0.0"))
			s.commit("Meanwhile", "README", "x")
			s.merge("towline/web", "Merge branch 'towline/web'")
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "Merge branch 'towline/web'", ByBot: true}},
		{"rebase merge", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.2.0"))
			s.commit("Back a bit", podFile, pods("nginx:1.1.0"))
			s.commit("Back a bit more", podFile, pods("nginx:1.0.0"))
			s.commit("A word", podFile, "# hello\n"+pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "Back a bit more"}},
		{"what a merge took from the other side is no move", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.0.0"))
			s.branch("late")
			s.commitOn("late", "Docs", "README", "x")
			s.commit("Update", podFile, pods("nginx:1.1.0"))
			s.merge("late", "Merge late")
		}, "", &seen{From: "1.0.0", To: "1.1.0", Subject: "Update"}},
		{"the first of two", func(s *story) { tellOfTwo(s) }, first, &seen{From: "1.0.0", To: "1.1.0", Subject: "Update both"}},
		{"the second of two", func(s *story) { tellOfTwo(s) }, second, &seen{From: "7.1.0", To: "7.0.0", Subject: "Redis back"}},
		{"nothing but a digest", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.0.0"))
			s.commit("Pin", podFile, pods("nginx:1.0.0@sha256:"+strings.Repeat("a", 64)))
		}, "", nil},
		{"another image", func(s *story) {
			s.commit("Begin", podFile, pods("ghcr.io/acme/web:2.0.0"))
			s.commit("Move to ours", podFile, pods("nginx:1.0.0"))
		}, "", nil},
		{"another spelling of the image", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit("Spell it out", podFile, pods("docker.io/library/nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "Spell it out"}},
		{"renamed file", func(s *story) {
			s.commit("Begin", "web.yaml", pods("nginx:1.1.0"))
			s.commit("Back", "web.yaml", pods("nginx:1.0.0"))
			s.commit("Move the file", podFile, pods("nginx:1.0.0"))
		}, "", nil},
		{"broken in between", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit("Break it", podFile, "{{ oops\nimage: [")
			s.commit("Break it more", podFile, "{{ oops\nimage: [[")
			s.commit("Mend it with the old one", podFile, pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "Mend it with the old one"}},
		{"a message to drive a terminal", func(s *story) {
			s.commit("Begin", podFile, pods("nginx:1.1.0"))
			s.commit("\x1b[2JBack\u202e \t"+strings.Repeat("x", 200), podFile, pods("nginx:1.0.0"))
		}, "", &seen{From: "1.1.0", To: "1.0.0", Subject: "[2JBack " + strings.Repeat("x", 109) + "…"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			test.tell(s)
			if test.path == "" {
				test.path = first
			}
			for name, depth := range map[string]int{"all of it": 1000, "shallow": 1} {
				repo := s.open(depth)
				got, err := look(t, repo, bot.NewHistory(repo), podFile, test.path)
				if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
					t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
				}
			}
		})
	}
}

func tellOfTwo(s *story) {
	s.commit("Begin", podFile, pods("nginx:1.0.0", "redis:7.0.0"))
	s.commit("Update both", podFile, pods("nginx:1.1.0", "redis:7.1.0"))
	s.commit("Redis back", podFile, pods("nginx:1.1.0", "redis:7.0.0"))
}
