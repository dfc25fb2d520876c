package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// place is the repository with the manifests at a forge. What is asked of its API here is
// the same at GitHub and at Gitea.
type place struct {
	kind                string // github or gitea
	clone, api          string // addresses of the repository
	botToken, annsToken string
	commit              func(ctx context.Context, branch string, c change) error
}

// pull is a pull request or an issue.
type pull struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	URL    string `json:"html_url"`
	Head   struct {
		Ref string `json:"ref"`
	} `json:"head"`
}

// live tells the story: the bot proposes, people answer, the bot looks again. It gives the
// pull request of the shop, and the dashboard.
func (s *scene) live(ctx context.Context, p place) (shop, board pull, err error) {
	for _, c := range history() {
		if err := p.commit(ctx, "main", c); err != nil {
			return shop, board, err
		}
	}
	if err := s.round(ctx, p); err != nil {
		return shop, board, err
	}
	var pulls, issues []pull
	if err := p.ask(ctx, http.MethodGet, "/pulls", nil, &pulls); err != nil {
		return shop, board, err
	}
	for _, each := range pulls {
		number := fmt.Sprint(each.Number)
		switch {
		case strings.Contains(each.Title, "search"):
			err = p.ask(ctx, http.MethodPost, "/issues/"+number+"/comments", map[string]string{"body": "Not before the sale.\n\n/towline hold 7d"}, nil)
		case strings.Contains(each.Title, "mail"):
			err = p.ask(ctx, http.MethodPatch, "/pulls/"+number, map[string]string{"state": "closed"}, nil)
		case strings.Contains(each.Title, "docs"):
			err = p.commit(ctx, each.Head.Ref, change{"fix: keep the old paths", map[string]string{"apps/docs/paths.yaml": "old: true\n"}})
		default:
			shop = each
		}
		if err != nil {
			return shop, board, err
		}
	}
	if err := s.round(ctx, p); err != nil {
		return shop, board, err
	}
	if err := p.ask(ctx, http.MethodGet, "/issues?labels=towline-dashboard", nil, &issues); err != nil {
		return shop, board, err
	}
	if shop.Number == 0 || len(issues) != 1 {
		return shop, board, errors.New("there is no pull request of the shop, or no dashboard")
	}
	return shop, issues[0], nil
}

// ask asks the API in the person's name. A nil out isn't read.
func (p place) ask(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, p.api+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "token "+p.annsToken)
	req.Header.Set("Content-Type", "application/json")
	want := http.StatusOK
	if method == http.MethodPost {
		want = http.StatusCreated
	}
	if method == http.MethodPatch && p.kind == "gitea" {
		want = http.StatusCreated // so it answers
	}
	data, err := answer(req, want)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(data, out)
}
