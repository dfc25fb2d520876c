package webhook

// parseDockerHub reads Docker Hub's webhook:
//
//	{"push_data": {"tag": "1.2.0"}, "repository": {"repo_name": "acme/web"}}
//
// https://docs.docker.com/docker-hub/repos/manage/webhooks/
func parseDockerHub(m message) ([]image, error) {
	var payload struct {
		PushData *struct {
			Tag string `json:"tag"`
		} `json:"push_data"`
		Repository struct {
			RepoName string `json:"repo_name"`
		} `json:"repository"`
	}
	if err := decode(m.body, &payload); err != nil {
		return nil, err
	}
	if payload.PushData == nil {
		return nil, nil
	}
	return []image{{host: "docker.io", path: payload.Repository.RepoName, tag: payload.PushData.Tag}}, nil
}
