package sandbox

import (
	"testing"

	"teamspro/internal/auth"
)

// TestTheServicesOwnCheckIsPleased gives the sandbox's tokens to the check that guards the real endpoint, and gets the
// service's own token from the sandbox.
func TestTheServicesOwnCheckIsPleased(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	env := r.Settings()
	verifier := auth.NewVerifier(auth.VerifierConfig{MetadataURL: env["TEAMSPRO_BOT_METADATA_URL"], Issuer: env["TEAMSPRO_BOT_ISSUER"],
		Audiences: []string{contactID}})
	token, err := r.connectorToken(r.app("contact"), r.serviceURL())
	if err != nil {
		t.Fatal(err)
	}
	claims, err := verifier.Verify(t.Context(), "Bearer "+token)
	if err != nil || claims.App != contactID || claims.Vouches(r.serviceURL(), "msteams") != nil {
		t.Errorf("claims %+v: %v", claims, err)
	}
	if token, err = r.connectorToken(r.app("image"), r.serviceURL()); err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), "Bearer "+token); err == nil {
		t.Error("a token for another app was accepted")
	}
	tokens, err := auth.NewAppTokens(auth.AppConfig{AppID: contactID, TenantID: env["TEAMSPRO_TENANT_ID"], LoginURL: env["TEAMSPRO_LOGIN_URL"],
		Secret: env["TEAMSPRO_CONTACT_APP_SECRET"], Scope: botAudience + "/.default", HTTP: r.trusting()})
	if err != nil {
		t.Fatal(err)
	}
	own, err := tokens.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.post(own, r.chatID("group", ""), saying("hello"))
}
