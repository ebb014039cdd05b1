from django.db import migrations, models

from history.online_indexes import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('recalls', '0043_barriers'),
    ]

    operations = [
        AddIndexOnline(
            model_name='recall',
            index=models.Index(condition=models.Q(('round__gt', 0), ('state', 'to_contact')), fields=['site', 'target_at', 'id'], name='recall_later_round'),
        ),
        AddIndexOnline(
            model_name='workitem',
            index=models.Index(condition=models.Q(('done_at__isnull', True), ('kind', 'barrier')), fields=['site', 'due_at', 'id'], name='work_item_barrier'),
        ),
    ]
