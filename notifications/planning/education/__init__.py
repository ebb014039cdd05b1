"""The series about breast health by consent: what is planned of it, when it waits, and what ends it."""
