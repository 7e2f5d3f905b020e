// Hands the code of a finished sign-in to Teams, where Teams opened this page. Elsewhere there is nobody to hand it to, and
// the code stands on the page to be typed.
(async () => {
	const teams = globalThis.microsoftTeams;
	if (!teams) return;
	try {
		await teams.app.initialize(document.getElementById("code").dataset.hosts.split(" ").filter(Boolean));
		teams.authentication.notifySuccess(document.getElementById("code").textContent.trim());
	} catch {
		// not opened by Teams
	}
})();
