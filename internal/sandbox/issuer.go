package sandbox

import (
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// botIssuer is who signs for the public cloud's Bot Connector (reference: Bot Framework authentication, "issuer").
const botIssuer = "https://api.botframework.com"

// connectorLife is how long a connector token is valid.
const connectorLife = time.Hour

// issuerRoutes serves the OpenID metadata of the Bot Connector. The document's name has no hyphen there.
func (s *Sandbox) issuerRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/.well-known/openidconfiguration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer":                                botIssuer,
			"authorization_endpoint":                "https://invalid.botframework.com",
			"jwks_uri":                              s.base + "/v1/.well-known/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
			"token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
		})
	})
	mux.HandleFunc("GET /v1/.well-known/keys", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.issuer.published("msteams", "webchat"))
	})
}

// connectorToken signs a token as the Bot Connector does for one app; it vouches for the serviceUrl.
func (s *Sandbox) connectorToken(app *App, serviceURL string) (string, error) {
	return s.issuer.sign(jwt.MapClaims{"iss": botIssuer, "aud": app.ID, "serviceurl": serviceURL}, connectorLife)
}
