/* Accounts of a directory server, as a service of NSS tells them: carol and her groups, and one more group for bob. */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

static enum nss_status tell(struct passwd *account, int known, int *error)
{
	if (!known) {
		*error = ENOENT;
		return NSS_STATUS_NOTFOUND;
	}
	*account = (struct passwd) { "carol", "x", 61010, 61010, "", "/carol", "/bin/carolsh" };
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_directory_getpwnam_r(const char *name, struct passwd *account, char *buffer, size_t size, int *error)
{
	return tell(account, !strcmp(name, "carol"), error);
}

enum nss_status _nss_directory_getpwuid_r(uid_t uid, struct passwd *account, char *buffer, size_t size, int *error)
{
	return tell(account, uid == 61010, error);
}

enum nss_status _nss_directory_initgroups_dyn(const char *name, gid_t primary, long *start, long *size, gid_t **groups,
                                              long limit, int *error)
{
	if (strcmp(name, "carol") && strcmp(name, "bob"))
		return NSS_STATUS_NOTFOUND;
	if (*start == *size) {
		gid_t *more = realloc(*groups, (*size + 1) * sizeof *more);
		if (!more)
			return NSS_STATUS_TRYAGAIN;
		*groups = more;
		++*size;
	}
	(*groups)[(*start)++] = 61110;
	return NSS_STATUS_SUCCESS;
}
